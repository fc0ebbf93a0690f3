//! Runs the benchmarks, and writes the page and its plot.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::figure::{Figure, Group};
use super::{machine, page, plot};
use crate::generate::artifact::replace;
use crate::process::{Cargo, step};

/// Runs the benchmarks one after another, and writes the page and its plot.
///
/// With `quick` it takes a tenth of the time, prints the tables and writes no file.
///
/// # Errors
///
/// Returns an error if a benchmark fails or prints no figure, or if a file cannot be read or written.
pub fn run(root: &Path, quick: bool, out: &mut dyn Write) -> Result<()> {
    let mut groups = Vec::new();
    for (title, command) in BENCHMARKS {
        step(out, title, |out| {
            let effort: &[&str] = if quick { &["--quick"] } else { &[] };
            let text = Cargo::new(command).with(effort).text(root)?;
            write!(out, "{text}")?;
            let figures: Vec<Figure> = text.lines().filter_map(Figure::read).collect();
            if figures.is_empty() {
                bail!("the benchmark printed no figure (a line that begins with \"figure\" and a tab)");
            }
            groups.push(Group { title, figures });
            Ok(())
        })?;
    }
    let table = page::table(&groups, &machine::describe(root)?);
    if quick {
        write!(out, "{table}")?;
        return Ok(());
    }
    let old = fs::read_to_string(root.join(PAGE)).with_context(|| format!("cannot read {PAGE}"))?;
    let new = page::fill(&old, &table).with_context(|| PAGE.to_owned())?;
    for (file, text) in [(PAGE, new), (PLOT, plot::bars(&plot::times(&groups)))] {
        replace(&root.join(file), &text).with_context(|| format!("cannot write {file}"))?;
        writeln!(out, "wrote {file}")?;
    }
    Ok(())
}

/// The title of each benchmark on the page, and the arguments of cargo that run it.
const BENCHMARKS: [(&str, &str); 8] = [
    ("A request with a cached token", "bench --package auth-layer --bench hit_path --"),
    ("Heap allocations", "bench --package auth-layer --bench allocations --"),
    ("Two threads", "bench --package auth-layer --bench threads --"),
    ("A renewal", "bench --package auth-layer --bench renewal --"),
    ("A pool of identities", "bench --package auth-layer --bench pool --"),
    ("Over loopback", "bench --package auth-layer --bench loopback --"),
    ("Other libraries: time", "run --release --manifest-path bench/Cargo.toml --bin time --"),
    (
        "Other libraries: heap allocations",
        "run --release --manifest-path bench/Cargo.toml --bin allocations --",
    ),
];

const PAGE: &str = "docs/performance.md";
const PLOT: &str = "docs/performance.svg";
