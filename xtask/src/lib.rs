//! Commands to build, check and measure this workspace. They are a library so that tests can call them.
//!
//! Each command is a module with one function `run`, which writes its messages to a writer and returns
//! a result. To add a command, add a variant to [`flags::Command`], a module here and an arm in `main`.

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

/// The outcome of a command that did not fail.
///
/// ```
/// assert_eq!(xtask::Outcome::Stale.code(), 1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The command succeeded, and a check found no difference.
    Fine,
    /// A check found a difference and printed it.
    Stale,
}

impl Outcome {
    /// The exit code of a command that failed.
    pub const FAILED: u8 = 2;

    /// Returns the exit code: 0 for `Fine`, 1 for `Stale`.
    pub const fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Stale => 1,
        }
    }
}
