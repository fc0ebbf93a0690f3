//! `cargo xtask test`: every test of the workspace.

use std::path::Path;

use anyhow::Result;

use crate::process::Cargo;

/// Runs unit, integration and documentation tests of the whole workspace, with every feature.
///
/// # Errors
///
/// If a test fails.
pub fn run(root: &Path, arguments: &[String]) -> Result<()> {
    Cargo::new("test --workspace --all-features").with(arguments).run(root)
}
