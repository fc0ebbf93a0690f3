//! `cargo xtask fuzz`: feeds random input to the parsers of server answers and of store files.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::flags::Fuzz;
use crate::process::{Cargo, step};

/// Runs the fuzz targets one after another, each for the same time, and stops at the first failure.
///
/// The first run starts from the committed seeds. Interesting inputs are kept under `target/fuzz-corpus`, and later
/// runs start from these as well. The workspace has no unsafe code, so the targets run without a sanitizer and with
/// a stable compiler.
///
/// # Errors
///
/// Returns an error in these cases:
///
/// - A target fails. `cargo fuzz` shows the input and the file that it was saved to.
/// - There is no target of that name.
/// - `cargo-fuzz` is not installed.
pub fn run(root: &Path, flags: &Fuzz, out: &mut dyn Write) -> Result<()> {
    let targets = targets(root)?;
    if let Some(target) = &flags.target
        && !targets.contains(target)
    {
        bail!("there is no fuzz target `{target}`; use one of {}", targets.join(", "));
    }
    let chosen = |name: &&String| flags.target.as_ref().is_none_or(|target| *name == target);
    for target in targets.iter().filter(chosen) {
        let corpus = format!("target/fuzz-corpus/{target}");
        fs::create_dir_all(root.join(&corpus)).with_context(|| format!("cannot create {corpus}"))?;
        let arguments = [
            target.clone(),
            corpus,
            format!("fuzz/seeds/{target}"),
            "--".to_owned(),
            format!("-max_total_time={}", flags.seconds),
            // An input that takes 10 s has found an endless loop, or a parser that is not linear.
            "-timeout=10".to_owned(),
            "-verbosity=0".to_owned(),
            "-print_final_stats=1".to_owned(),
        ];
        step(out, &format!("fuzz {target}"), |_| {
            Cargo::new("fuzz run --sanitizer none --target-dir target/fuzz").with(&arguments).run(root)
        })?;
    }
    Ok(())
}

/// Returns the names of all targets, sorted.
fn targets(root: &Path) -> Result<Vec<String>> {
    let folder = root.join("fuzz/fuzz_targets");
    let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        if let Some(name) = entry?.path().file_stem() {
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}
