//! The four providers.

use std::fmt;

/// One of the providers that the emulator stands in for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Provider {
    /// GoTab: client credentials in a JSON body, with its own names.
    GoTab,
    /// GoTo: a refresh token, a form, and a Basic header that is not form-encoded.
    GoTo,
    /// GBG GO: client credentials in a form, with a mandatory scope.
    GbgGo,
    /// Octotable: client credentials in JSON at one host and in a form at the other.
    Octotable,
}

impl Provider {
    /// All providers, in the order in which they are printed and numbered.
    pub const ALL: [Self; 4] = [Self::GoTab, Self::GoTo, Self::GbgGo, Self::Octotable];

    /// Returns the provider's name in lower case, as in the folder of its documents.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::GoTab => "gotab",
            Self::GoTo => "goto",
            Self::GbgGo => "gbg-go",
            Self::Octotable => "octotable",
        }
    }

    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GoTab => "GoTab",
            Self::GoTo => "GoTo",
            Self::GbgGo => "GBG GO",
            Self::Octotable => "Octotable",
        })
    }
}
