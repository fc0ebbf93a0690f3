//! `cargo xtask trials`: runs a client against servers with faults, on the real clock.

use std::io::Write;
use std::path::Path;

use anyhow::Result;

use crate::process::{Cargo, step};

/// Runs each trial of `tests/src/bin/trials` for `seconds` seconds, two trials at a time.
///
/// # Errors
///
/// Returns an error if a call failed in a trial in which no call may fail.
pub fn run(root: &Path, seconds: u64, out: &mut dyn Write) -> Result<()> {
    step(out, &format!("trials of {seconds} s each"), |_| {
        Cargo::new("run --quiet --package journeys --bin trials --").with(&[&seconds.to_string()]).run(root)
    })
}
