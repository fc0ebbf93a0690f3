//! `cargo xtask demo`: runs the demo against the emulator.

use std::path::Path;

use anyhow::Result;

use crate::process::Cargo;

/// Runs the `demo` binary with these arguments, and returns its exit code.
///
/// # Errors
///
/// Returns an error if cargo cannot be started.
pub fn run(root: &Path, arguments: &[String]) -> Result<u8> {
    Cargo::new("run --quiet --package demo --").with(arguments).code(root)
}
