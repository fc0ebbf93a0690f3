//! `cargo xtask bench`: runs every benchmark, and writes the figures into `docs/performance.md`.
//!
//! A benchmark prints each figure as a line of five fields, separated by tabs: `figure`, name, value, unit and target.
//! All other lines are ignored here.

mod figure;
mod machine;
mod page;
mod plot;
mod run;

pub use run::run;
