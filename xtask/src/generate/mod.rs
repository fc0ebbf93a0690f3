//! `cargo xtask generate`: generates the client crates from OpenAPI documents.
//!
//! A document passes through these modules:
//!
//! - `document` reads it.
//! - `rules` change it into the dialect that progenitor supports. Facts that progenitor cannot express are
//!   recorded in `operation`.
//! - `progenitor` generates code.
//! - `split` cuts the code into parts, and `refine` repairs their syntax trees.
//! - `render` adds the metadata and the response types, and `emit` formats the files.
//! - `artifact` compares the files with those on disk, or writes them.
//!
//! All clients are rendered before the first file is written.

pub(crate) mod artifact;
mod client;
mod document;
mod emit;
mod manifest;
mod operation;
mod progenitor;
mod refine;
mod render;
mod report;
mod rules;
mod run;
mod split;

pub use run::run;
