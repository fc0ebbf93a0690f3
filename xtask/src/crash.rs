//! `cargo xtask crash`: a refresh token's life through crashes.

use std::io::Write;
use std::path::Path;

use anyhow::Result;

use crate::process::{Cargo, step};

/// Kills a process that renews a rotating refresh token every few milliseconds, so often for each kind of server, and
/// shows how often a person had to sign in again.
///
/// # Errors
///
/// If a refresh token was lost whose answer had been stored, or a person was needed where nobody should be.
pub fn run(root: &Path, rounds: u32, out: &mut dyn Write) -> Result<()> {
    step(out, &format!("{rounds} crashes for each kind of server"), |_| {
        Cargo::new("test --quiet --package journeys --all-features --test it")
            .with(&["crash::", "--", "--nocapture", "--test-threads=1"])
            .with_variable("CRASH_ROUNDS", &rounds.to_string())
            .run(root)
    })
}
