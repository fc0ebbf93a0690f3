//! Whole journeys: typed clients on the layer against the emulator, over sockets. If a test keeps a numbered promise,
//! its name begins with the number.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

/// Configuration errors, found when a client is built.
mod configuration;
mod crash;
/// GBG GO: its operations, its quirks, and failures without them.
mod gbg_go;
/// GoTab: its operations, its quirks, and failures without them.
mod gotab;
/// GoTo: its operations, its quirks, and failures without them.
mod goto;
/// Isolation of tokens, origins and clients.
mod isolation;
/// Octotable: its operations, its quirks, and failures without them.
mod octotable;
mod recorder;
/// Failing APIs, and clients with their default settings.
mod retries;
/// Secrets that change while a service runs.
mod rotation;
/// Tests that run for every provider.
mod shared;
/// The layer without a generated client.
mod signed_in;
mod stacks;
/// Ten thousand calls at once, without sockets.
mod ten_thousand;
/// One client for several tenants.
mod tenants;
/// The information in the error of a failed call.
mod typed_errors;
mod wire;
