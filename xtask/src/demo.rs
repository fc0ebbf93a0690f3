//! `cargo xtask demo`: the main job, shown on the emulator.

use std::path::Path;

use anyhow::Result;

use crate::process::Cargo;

/// Runs the `demo` binary with these arguments, and returns its exit code.
///
/// # Errors
///
/// If cargo cannot be run.
pub fn run(root: &Path, arguments: &[String]) -> Result<u8> {
    Cargo::new("run --quiet --package demo --").with(arguments).code(root)
}
