//! Applies every rule, and prints the findings.

use std::io::Write;
use std::path::Path;

use anyhow::Result;

use super::allowed::Allowed;
use super::finding::Finding;
use super::tree::Tree;
use super::{imports, lists, prose, sources};
use crate::Outcome;

/// Prints every finding that is not an exception, and how many sentences were read.
///
/// With `write` it first writes the lists of public items and of profile keys.
///
/// # Errors
///
/// Returns an error if a file cannot be read or written, if a Rust file does not parse, or if `xtask/tidy.toml` is not
/// valid.
pub fn run(root: &Path, write: bool, out: &mut dyn Write) -> Result<Outcome> {
    if write {
        lists::write(root, &Tree::read(root)?, out)?;
    }
    let (findings, sentences) = survey(root)?;
    for finding in &findings {
        writeln!(out, "{finding}")?;
    }
    writeln!(out, "{sentences} sentences read, {} findings", findings.len())?;
    Ok(if findings.is_empty() { Outcome::Fine } else { Outcome::Stale })
}

/// Returns the findings in names, lengths and calls that are not exceptions. Neither sentences nor imports are read.
///
/// # Errors
///
/// As [`run`].
pub fn source_findings(root: &Path) -> Result<Vec<Finding>> {
    let found = sources::findings(&Tree::read(root)?)?;
    Ok(Allowed::read(root)?.without_exceptions(found))
}

/// Returns the findings and the number of sentences that were read.
fn survey(root: &Path) -> Result<(Vec<Finding>, usize)> {
    let tree = Tree::read(root)?;
    let (mut found, sentences) = prose::findings(&tree)?;
    found.extend(sources::findings(&tree)?);
    found.extend(imports::findings(&tree)?);
    found.extend(lists::findings(root, &tree)?);
    Ok((Allowed::read(root)?.without_exceptions(found), sentences))
}
