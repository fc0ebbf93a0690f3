//! `cargo xtask trials`: a client against servers with faults, on the real clock.

use std::io::Write;
use std::path::Path;

use anyhow::Result;

use crate::process::{Cargo, step};

/// Runs each trial of `tests/src/bin/trials` for `seconds`, two at a time.
///
/// # Errors
///
/// If a call failed in a trial that must not fail one.
pub fn run(root: &Path, seconds: u64, out: &mut dyn Write) -> Result<()> {
    step(out, &format!("trials of {seconds} s each"), |_| {
        Cargo::new("run --quiet --package journeys --bin trials --").with(&[&seconds.to_string()]).run(root)
    })
}
