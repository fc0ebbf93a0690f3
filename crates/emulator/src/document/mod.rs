//! The OpenAPI documents: their operations, what each operation requires, and the example with which it answers.
//!
//! Only the parts that the emulator needs are read. If a document lacks a part, the rest is still served.

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
