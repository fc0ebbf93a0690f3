//! Repairs progenitor's syntax tree: adds the metadata, renames the runtime, and corrects the requests.

mod body;
mod headers;
mod names;
mod parts;
mod send;
mod tree;

pub(super) use parts::refine;
