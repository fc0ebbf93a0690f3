//! The rules that are applied to a document before progenitor reads it.
//!
//! A rule either rejects documents (`R..`), or changes the document and records each place (`N..`). Anything that a
//! rule removes is kept elsewhere: in the operation's metadata, a replacement or a description.

mod describe;
mod list;
mod parameters;
mod references;
mod request;
mod responses;
mod schemas;
mod security;
#[cfg(test)]
mod tests;
mod variants;

pub(super) use list::apply;
