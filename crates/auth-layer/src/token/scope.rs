//! Scopes: the access that a token grants.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::error::ConfigError;

/// A set of scope tokens (RFC 6749 section 3.3).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scope(BTreeSet<String>);

impl Scope {
    /// Returns whether every scope token of `other` is in this set.
    pub fn covers(&self, other: &Self) -> bool {
        other.0.is_subset(&self.0)
    }

    /// Returns whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the scope tokens in sorted order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Reads the scope that a server granted, whichever characters it has.
    pub(crate) fn granted(text: &str) -> Self {
        // An error here would lose a good token over a character that is only compared and shown.
        Self(text.split_whitespace().map(str::to_owned).collect())
    }
}

impl FromStr for Scope {
    type Err = ConfigError;

    /// Parses scope tokens that are separated by spaces.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if a scope token has a character that RFC 6749 appendix A.4 does not allow.
    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let tokens: BTreeSet<String> =
            text.split(' ').filter(|token| !token.is_empty()).map(str::to_owned).collect();
        // Visible ASCII without `"` and `\`, which would end or escape the quoted scope of a challenge.
        let allowed = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E);
        match tokens.iter().find(|token| !token.bytes().all(allowed)) {
            Some(bad) => Err(ConfigError::new(
                format!("scope {}", bad.escape_default()),
                "has a character that is not allowed in a scope; use visible ASCII without `\"` and `\\` \
                 (RFC 6749 appendix A.4)",
            )),
            None => Ok(Self(tokens)),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, token) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(token)?;
        }
        Ok(())
    }
}
