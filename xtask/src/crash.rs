//! `cargo xtask crash`: checks that a stored refresh token survives crashes.

use std::io::Write;
use std::path::Path;

use anyhow::Result;

use crate::process::{Cargo, step};

/// Starts and kills a process `rounds` times for each of two kinds of server.
///
/// The process renews a rotating refresh token every few milliseconds. The output shows how often a person would have
/// to sign in again.
///
/// # Errors
///
/// Returns an error in these cases:
///
/// - A refresh token was lost although the answer that contained it had been stored.
/// - A person would have to sign in again, although the layer can recover from this crash.
pub fn run(root: &Path, rounds: u32, out: &mut dyn Write) -> Result<()> {
    step(out, &format!("{rounds} crashes for each kind of server"), |_| {
        Cargo::new("test --quiet --package journeys --all-features --test it")
            .with(&["crash::", "--", "--nocapture", "--test-threads=1"])
            .with_variable("CRASH_ROUNDS", &rounds.to_string())
            .run(root)
    })
}
