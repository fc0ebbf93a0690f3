//! The emulator through its public face: a plain HTTP client against its sockets.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

/// What the tests share: a client, the token requests of each provider, small assertions.
mod support;

/// `--env`, run by shells.
#[cfg(unix)]
mod background;
/// Which tokens open which operation, and how each provider turns the others away.
mod bearer;
/// Counters, the log of requests, concurrency.
mod counters;
/// Documents: routing, what is required, examples and variants.
mod documents;
/// Every fault, at both hosts.
mod faults;
/// Start, stop, seeds, clocks, addresses.
mod life;
/// The program: its table, its exports, its end.
mod program;
/// Refresh tokens that come again, answers that nobody received.
mod rotation;
/// That no secret is printed.
mod secrets;
/// Faults that real servers have shown.
mod seen_faults;
/// How a request must be sent: its length, its framing, its `User-Agent`.
mod sending;
/// Signing in: pages, codes, metadata, revocation, devices, locations.
mod sign_in_device;
mod sign_in_gotab;
mod sign_in_goto;
/// What the providers remember.
mod state;
/// What a sign-in is for: resources and audiences.
mod targets;
/// Each provider's token endpoint, quirk by quirk.
mod token_gbg_go;
mod token_gotab;
mod token_goto;
mod token_octotable;
