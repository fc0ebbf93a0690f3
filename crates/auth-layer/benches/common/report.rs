//! The number of rounds of a benchmark, and the output of its figures.

use std::fmt;
use std::io::Write;

/// Returns the number of rounds: `full`, a tenth of it with `--quick`, and 2 with `--test`, which only checks that the
/// benchmark runs.
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

/// Prints `figure`, the name, the value, the unit and the goal (`at most 1.1`, `at least 0.95`, or `-`), separated by
/// tabs. People read it, and the program that collects the figures.
pub(crate) fn figure(name: impl fmt::Display, value: f64, unit: &str, wanted: &str) {
    let value = if value.abs() < 10.0 { format!("{value:.3}") } else { format!("{value:.1}") };
    let value = value.trim_end_matches('0').trim_end_matches('.');
    writeln!(std::io::stdout(), "figure\t{name}\t{value}\t{unit}\t{wanted}").expect("standard output");
}
