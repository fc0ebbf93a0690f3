//! `cargo xtask test`: runs every test of the workspace.

use std::path::Path;

use anyhow::Result;

use crate::process::Cargo;

/// Runs the unit, integration and documentation tests of the whole workspace, with every feature.
///
/// # Errors
///
/// Returns an error if a test fails.
pub fn run(root: &Path, arguments: &[String]) -> Result<()> {
    Cargo::new("test --workspace --all-features").with(arguments).run(root)
}
