//! `cargo xtask fuzz`: feeds the parsers whatever a server or a file may say.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::flags::Fuzz;
use crate::process::{Cargo, step};

/// Runs the fuzz targets in turn, each for the same time, and stops at the first that finds something.
///
/// What was found before is kept under `target/` and gone on from; the committed seeds are where it all begins. There
/// is no unsafe code to watch, so that no sanitizer is needed and a stable compiler will do.
///
/// # Errors
///
/// If a target finds something (`cargo fuzz` shows the input and where it was put), if there is no such target, or if
/// `cargo-fuzz` is not installed.
pub fn run(root: &Path, flags: &Fuzz, out: &mut dyn Write) -> Result<()> {
    let targets = targets(root)?;
    if let Some(target) = &flags.target
        && !targets.contains(target)
    {
        bail!("there is no fuzz target `{target}`; there are {}", targets.join(", "));
    }
    let chosen = |name: &&String| flags.target.as_ref().is_none_or(|target| *name == target);
    for target in targets.iter().filter(chosen) {
        let corpus = format!("target/fuzz-corpus/{target}");
        fs::create_dir_all(root.join(&corpus)).with_context(|| format!("{corpus} cannot be made"))?;
        let arguments = [
            target.clone(),
            corpus,
            format!("fuzz/seeds/{target}"),
            "--".to_owned(),
            format!("-max_total_time={}", flags.seconds),
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

/// The names of all targets.
fn targets(root: &Path) -> Result<Vec<String>> {
    let folder = root.join("fuzz/fuzz_targets");
    let entries = fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        if let Some(name) = entry?.path().file_stem() {
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}
