//! The refresh token.

use std::fmt;

use crate::secret::Secret;

/// A refresh token: it goes to the token endpoint that issued it, and nowhere else
/// (RFC 6749 section 10.4).
///
/// ```
/// let token = auth_layer::RefreshToken::new("tGzv3JOkF0XG5Qx2TlKWIA");
/// assert_eq!(format!("{token:?}"), "RefreshToken(..)");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken(Secret);

impl RefreshToken {
    /// Takes over a token as its issuer spelled it.
    pub fn new(token: impl Into<Secret>) -> Self {
        Self(token.into())
    }

    /// The token itself: for the token endpoint and for a store.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Whether there is nothing in it; an empty refresh token in an answer counts as none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken(..)")
    }
}
