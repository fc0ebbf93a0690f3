//! `cargo xtask generate`: generates the client crates from OpenAPI documents.
//!
//! A document passes through these modules:
//!
//! - `document` reads it.
//! - `rules` change it into the dialect that progenitor supports. Facts that progenitor cannot express are
//!   recorded in `operation`.
//! - `progenitor` generates code.
//! - `split` cuts the code into parts, and `refine` repairs their syntax trees.
//! - `render` adds the metadata and the response types, and `emit` formats the files.
//! - `artifact` compares the files with those on disk, or writes them.
//!
//! All clients are rendered before the first file is written.

pub(crate) mod artifact;
mod client;
mod document;
mod emit;
mod manifest;
mod operation;
mod progenitor;
mod refine;
mod render;
mod report;
mod rules;
mod split;

use std::io::Write;
use std::path::Path;

use anyhow::Context;

use crate::Outcome;
use crate::flags::Generate;

/// Generates the clients of the workspace at `root`, or compares them with the files on disk.
///
/// Prints progress and, with `--check`, the differences to `out`.
///
/// # Errors
///
/// Returns an error if the manifest or a document cannot be used. The message names the file, the place in it as a
/// JSON pointer, and what to do. No file has been written then, unless writing itself failed.
pub fn run(root: &Path, flags: &Generate, out: &mut dyn Write) -> anyhow::Result<Outcome> {
    let targets = manifest::targets(root, flags.provider.as_deref())?;
    let mut artifacts = Vec::with_capacity(targets.len());
    for target in &targets {
        let (artifact, report) =
            client::render(root, target).with_context(|| format!("cannot generate {}", target.name))?;
        report.write(flags.places, out)?;
        artifacts.push(artifact);
    }
    let mut outcome = Outcome::Fine;
    for artifact in &artifacts {
        if flags.check {
            if artifact.show_difference(root, out)? {
                outcome = Outcome::Stale;
            }
        } else {
            artifact.write(root, out)?;
        }
    }
    if outcome == Outcome::Stale {
        writeln!(out, "the files above are out of date: run `cargo xtask generate`")?;
    }
    Ok(outcome)
}
