//! The demo as a program.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

/// The command line: its help, and what it refuses.
mod flags;
/// The real services: missing variables, and the output.
mod live;
/// Runs the program.
mod support;
