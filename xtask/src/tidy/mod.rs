//! `cargo xtask tidy`: rules about sentences, names, files and imports that no lint checks.
//!
//! - `survey` runs all of them.
//! - `passages` finds the sentences of a file, and `prose` judges them.
//! - `sources` judges names, lengths, places and forbidden calls.
//! - `imports` finds the files that each file imports, and compares them with the order in ARCHITECTURE.md.
//! - `lists` compares two files below `docs/` with the code: the public items and the keys of a profile.
//! - `allowed` reads the exceptions in `xtask/tidy.toml`, each with its reason.

mod allowed;
mod finding;
mod graph;
mod imports;
mod items;
mod lists;
mod order;
mod passages;
mod prose;
mod sources;
mod survey;
mod tree;

pub use finding::Finding;
pub use survey::{run, source_findings};
