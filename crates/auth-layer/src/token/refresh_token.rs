//! The refresh token.

use std::fmt;

use crate::secret::Secret;

/// A refresh token. It is sent only to the token endpoint that issued it (RFC 6749 section 10.4).
///
/// `Debug` does not show the token.
///
/// ```
/// let token = auth_layer::RefreshToken::new("tGzv3JOkF0XG5Qx2TlKWIA");
/// assert_eq!(format!("{token:?}"), "RefreshToken(..)");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken(Secret);

impl RefreshToken {
    /// Makes a refresh token from the text that the issuer sent.
    pub fn new(token: impl Into<Secret>) -> Self {
        Self(token.into())
    }

    /// Returns the token itself, for the token endpoint and for a store.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Returns whether the token is empty. An empty refresh token in an answer counts as absent.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken(..)")
    }
}
