//! Renders every client, and then compares or writes the files.

use std::io::Write;
use std::path::Path;

use anyhow::Context;

use super::{client, manifest};
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
