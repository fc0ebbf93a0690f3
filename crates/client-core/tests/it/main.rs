//! Tests of generated code with a service that opens no sockets.

/// A client generated from a document that uses every feature that the generator supports.
#[rustfmt::skip]
#[expect(dead_code, reason = "the tests do not call every part of the generated client")]
mod kitchen_sink;

mod errors;
mod identities;
mod leaves;
mod refusals;
mod requests;
mod responses;
mod support;
