//! How the program ended, and the exit code that says so.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All is as it should be.
    Fine,
    /// A call was lost, or a count is not what it has to be.
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
