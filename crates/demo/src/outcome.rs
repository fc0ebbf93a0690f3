//! The result of the program, and its exit code.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All counts are right.
    Fine,
    /// A call was lost, or a count is wrong.
    Lost,
}

impl Outcome {
    /// The exit code for a wrong command line or configuration; clap's own is the same.
    pub(crate) const MISUSED: u8 = 2;

    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Lost => 1,
        }
    }
}
