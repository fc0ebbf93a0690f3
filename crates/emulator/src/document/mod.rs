//! The OpenAPI documents: which operations there are, what they ask for, and the example each answers with.
//!
//! Only what an emulator needs is read. A document that leaves something out is served as far as it goes.

#[expect(clippy::module_inception, reason = "the type that names the folder")]
mod document;
mod embedded;
mod operation;
mod resolve;
mod schema;
mod success;
mod template;
mod variant;

pub(crate) use document::{Document, Found};
pub(crate) use embedded::embedded;
pub(crate) use operation::{Operation, Place};
pub(crate) use success::Example;
