//! `cargo xtask bench`: runs every benchmark, and writes what came of it into `docs/performance.md`.
//!
//! A benchmark prints its figures as lines of five fields (`figure`, name, value, unit, wanted), apart by tabs. What
//! else it prints is for the reader.

mod figure;
mod machine;
mod page;
mod plot;

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::generate::artifact::replace;
use crate::process::{Cargo, step};
use figure::{Figure, Group};

/// Runs them all, one after another, and writes the page and its plot; or with `quick` takes a tenth of the time,
/// shows the page's table and writes nothing.
///
/// # Errors
///
/// If a benchmark does not run or prints no figure, or if the page cannot be written.
pub fn run(root: &Path, quick: bool, out: &mut dyn Write) -> Result<()> {
    let mut groups = Vec::new();
    for (title, command) in BENCHMARKS {
        step(out, title, |out| {
            let effort: &[&str] = if quick { &["--quick"] } else { &[] };
            let text = Cargo::new(command).with(effort).text(root)?;
            write!(out, "{text}")?;
            let figures: Vec<Figure> = text.lines().filter_map(Figure::read).collect();
            if figures.is_empty() {
                bail!("it printed no figure");
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
    let old = fs::read_to_string(root.join(PAGE)).with_context(|| format!("{PAGE} cannot be read"))?;
    let new = page::fill(&old, &table).with_context(|| PAGE.to_owned())?;
    for (file, text) in [(PAGE, new), (PLOT, plot::bars(&plot::times(&groups)))] {
        replace(&root.join(file), &text).with_context(|| format!("{file} cannot be written"))?;
        writeln!(out, "wrote {file}")?;
    }
    Ok(())
}

/// What each benchmark is called on the page, and how it is run.
const BENCHMARKS: [(&str, &str); 8] = [
    ("A token in hand", "bench --package auth-layer --bench hit_path --"),
    ("The heap", "bench --package auth-layer --bench allocations --"),
    ("Two threads", "bench --package auth-layer --bench threads --"),
    ("A renewal", "bench --package auth-layer --bench renewal --"),
    ("A pool of identities", "bench --package auth-layer --bench pool --"),
    ("Over loopback", "bench --package auth-layer --bench loopback --"),
    ("Beside other libraries", "run --release --manifest-path bench/Cargo.toml --bin time --"),
    ("Their use of the heap", "run --release --manifest-path bench/Cargo.toml --bin allocations --"),
];

const PAGE: &str = "docs/performance.md";
const PLOT: &str = "docs/performance.svg";
