//! Renders the files of a client: the parts of progenitor's output, the metadata and the response types.

mod client;
mod files;
mod meta;
mod responses;

pub(super) use files::{files, modules};
