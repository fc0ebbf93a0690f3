//! The workspace's own commands, as a library so that they can be tested.
//!
//! Each command is a module with one function `run`, which writes its messages to a writer and returns
//! an [`Outcome`]. To add one: a variant in [`flags::Command`], a module here, an arm in `main`.

pub mod bench;
pub mod canary;
pub mod ci;
pub mod contract;
pub mod crash;
pub mod demo;
pub mod flags;
pub mod fuzz;
pub mod generate;
pub mod model;
mod process;
pub mod root;
pub mod test;
pub mod tidy;
pub mod trials;

/// How a command ended, if it did not fail.
///
/// ```
/// assert_eq!(xtask::Outcome::Stale.code(), 1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is as it should be.
    Fine,
    /// A check found a difference; it has been shown.
    Stale,
}

impl Outcome {
    /// The exit code of a command that failed.
    pub const FAILED: u8 = 2;

    /// The exit code: 0 for fine, 1 for stale.
    pub const fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Stale => 1,
        }
    }
}
