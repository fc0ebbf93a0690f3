//! What is traded for a token.

use crate::token::RefreshToken;

/// What is traded for a token at the token endpoint.
///
/// The password grant is not offered (RFC 9700 section 2.4).
///
/// ```
/// use auth_layer::{Grant, RefreshToken};
///
/// let machine = Grant::ClientCredentials;
/// let person = Grant::refresh_token(RefreshToken::new("tGzv3JOkF0XG5Qx2TlKWIA"));
/// assert!(person.is_used_up());
/// assert!(!machine.is_used_up());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Grant {
    /// The client's own credential (RFC 6749 section 4.4). A refresh token in the answer is ignored
    /// (section 4.4.3).
    ClientCredentials,
    /// A refresh token (RFC 6749 section 6). The one given here is where it starts; what the server hands
    /// out later replaces it.
    RefreshToken(RefreshToken),
    /// The refresh token that a sign-in left in the store. Where there is none, a person has to sign in.
    Stored,
}

impl Grant {
    /// A refresh token to start from.
    pub fn refresh_token(token: impl Into<RefreshToken>) -> Self {
        Self::RefreshToken(token.into())
    }

    /// Whether asking may use the grant up, so that an answer must never be lost.
    pub const fn is_used_up(&self) -> bool {
        matches!(self, Self::RefreshToken(_) | Self::Stored)
    }

    /// The name in the request's `grant_type`.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::ClientCredentials => "client_credentials",
            Self::RefreshToken(_) | Self::Stored => "refresh_token",
        }
    }
}
