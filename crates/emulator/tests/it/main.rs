//! The emulator through its public API: a plain HTTP client against its sockets.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

/// Shared parts: a client, the token requests of each provider, small assertions.
mod support;

/// `--env` in shells.
#[cfg(unix)]
mod background;
/// The operations that a token opens, and how each provider rejects other tokens.
mod bearer;
/// Counters, the log of requests, concurrency.
mod counters;
/// Documents: routing, required parts, examples and variants.
mod documents;
/// Every fault, at both hosts.
mod faults;
/// Start, stop, seeds, clocks, addresses.
mod life;
/// The program: its table, its options, its end.
mod program;
/// Refresh tokens that are sent again, and lost answers.
mod rotation;
/// No secret is printed.
mod secrets;
/// Faults that real servers have shown.
mod seen_faults;
/// The form of a request: its length, its framing, its `User-Agent`.
mod sending;
/// Sign-ins: pages, codes, metadata, revocation, devices, locations.
mod sign_in_device;
mod sign_in_gotab;
mod sign_in_goto;
/// The state of the providers.
mod state;
/// The targets of a sign-in: resources and audiences.
mod targets;
/// Each provider's token endpoint with its quirks.
mod token_gbg_go;
mod token_gotab;
mod token_goto;
mod token_octotable;
