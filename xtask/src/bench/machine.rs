//! The machine that the figures were measured on.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread::available_parallelism;

use anyhow::{Context, Result, bail};

/// Returns a sentence with the day, the commit, the processor and the compiler.
pub(super) fn describe(root: &Path) -> Result<String> {
    let day = chrono::Utc::now().date_naive();
    let cores = available_parallelism()?;
    let model = processor().unwrap_or_else(|| "an unknown processor".to_owned());
    let rustc =
        first_line(Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())).arg("-V"))?;
    let commit = first_line(Command::new("git").args(["rev-parse", "--short", "HEAD"]).current_dir(root))?;
    Ok(format!("Measured on {day} at commit {commit}: {model}, {cores} cores, {rustc}."))
}

/// Returns the name of the processor from `/proc/cpuinfo`. Other systems than Linux have no such file.
fn processor() -> Option<String> {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn first_line(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    match text.lines().next() {
        Some(line) if output.status.success() => Ok(line.to_owned()),
        _ => bail!("{command:?} failed: {}", output.status),
    }
}
