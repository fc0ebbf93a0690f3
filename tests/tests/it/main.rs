//! Whole journeys: typed clients on the layer against the emulator, over sockets. A test that makes a numbered statement
//! true carries the number in its name.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

/// Mistakes of configuration, found when a client is built.
mod configuration;
mod crash;
/// GBG GO: its operations, its quirks, and failing without them.
mod gbg_go;
/// GoTab: the same.
mod gotab;
/// GoTo: the same.
mod goto;
/// What must not reach one another: tokens, origins, clients.
mod isolation;
/// Octotable: its operations, its quirks, and failing without them.
mod octotable;
mod recorder;
/// Trouble at the APIs, and clients as they come.
mod retries;
/// Secrets that change while a service runs.
mod rotation;
/// What holds at every provider.
mod shared;
/// The layer without a generated client.
mod signed_in;
mod stacks;
/// Herds of ten thousand, without sockets.
mod ten_thousand;
/// One client for several tenants.
mod tenants;
/// What a caller learns from a call that failed.
mod typed_errors;
mod wire;
