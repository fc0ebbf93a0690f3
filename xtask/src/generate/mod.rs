//! `cargo xtask generate`: OpenAPI documents in, the generated part of client crates out.
//!
//! The way of one document: `document` reads it; `rules` bring it into the dialect progenitor takes and
//! carry past it, as `operation` records, what progenitor cannot express; `progenitor` generates;
//! `refine` repairs the syntax tree; `split` cuts it into files; `render` adds the tables; `emit` formats.
//! `artifact` compares or writes. All clients are rendered before the first file is written.

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

/// Generates the clients of the workspace at `root`, or compares them with what is there.
///
/// Progress, and the difference in case of a check, go to `out`.
///
/// # Errors
///
/// If the manifest or a document cannot be used; the message names the file, the place in it as a JSON
/// pointer, and what to do. Nothing has been written then, unless writing itself failed.
pub fn run(root: &Path, flags: &Generate, out: &mut dyn Write) -> anyhow::Result<Outcome> {
    let targets = manifest::targets(root, flags.provider.as_deref())?;
    let mut artifacts = Vec::with_capacity(targets.len());
    for target in &targets {
        let (artifact, report) =
            client::render(root, target).with_context(|| format!("{} was not generated", target.name))?;
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
        writeln!(out, "stale: run `cargo xtask generate`")?;
    }
    Ok(outcome)
}
