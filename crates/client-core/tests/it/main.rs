//! Generated code on a service without sockets.

/// Generated from a document that touches everything the generator supports.
#[rustfmt::skip]
#[expect(dead_code, reason = "a library's code in a test binary: not every part is called")]
mod kitchen_sink;

mod errors;
mod identities;
mod leaves;
mod refusals;
mod requests;
mod responses;
mod support;
