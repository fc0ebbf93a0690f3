//! The program as it is called.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

/// The command line: what it says of itself, and what it refuses.
mod flags;
/// The real services: what is missing, and what is printed.
mod live;
/// How the program is run.
mod support;
