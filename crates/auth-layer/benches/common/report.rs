//! How a benchmark is told how long to take, and how it tells its figures.

use std::fmt;
use std::io::Write;

/// How many rounds to go: `full` of them, a tenth with `--quick`, and hardly any with `--test`, which only asks
/// whether the benchmark runs.
pub(crate) fn rounds(full: usize) -> usize {
    let asked = |flag| std::env::args().any(|argument| argument == flag);
    if asked("--test") {
        2
    } else if asked("--quick") {
        full.div_ceil(10)
    } else {
        full
    }
}

/// Prints a figure as `figure`, name, value, unit and what is wanted of it (`at most 1.1`, `at least 0.95`, or `-`),
/// apart by tabs: for people, and for the program that collects figures.
pub(crate) fn figure(name: impl fmt::Display, value: f64, unit: &str, wanted: &str) {
    let value = if value.abs() < 10.0 { format!("{value:.3}") } else { format!("{value:.1}") };
    let value = value.trim_end_matches('0').trim_end_matches('.');
    writeln!(std::io::stdout(), "figure\t{name}\t{value}\t{unit}\t{wanted}").expect("standard output");
}
