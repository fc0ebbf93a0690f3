//! `cargo xtask tidy`: rules about sentences, names, files and imports that no lint checks.
//!
//! `passages` finds the sentences of a file and `prose` judges them. `sources` judges names, lengths and forbidden
//! calls. `imports` finds the files that each file imports, and compares them with the order in ARCHITECTURE.md.
//! `allowed` reads the exceptions in `xtask/tidy.toml`, each with its reason.

mod allowed;
mod finding;
mod graph;
mod imports;
mod order;
mod passages;
mod prose;
mod sources;
mod tree;

use std::io::Write;
use std::path::Path;

use anyhow::Result;

use crate::Outcome;
pub use finding::Finding;

use allowed::Allowed;
use tree::Tree;

/// Prints every finding that is not an exception, and how many sentences were read.
///
/// # Errors
///
/// Returns an error if a file cannot be read, if a Rust file does not parse, or if `xtask/tidy.toml` is not valid.
pub fn run(root: &Path, out: &mut dyn Write) -> Result<Outcome> {
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
    let allowed = Allowed::read(root)?;
    let (mut found, sentences) = prose::findings(&tree)?;
    found.extend(sources::findings(&tree)?);
    let mut findings = allowed.without_exceptions(found);
    findings.extend(allowed.compare_imports(&imports::findings(&tree)?));
    Ok((findings, sentences))
}
