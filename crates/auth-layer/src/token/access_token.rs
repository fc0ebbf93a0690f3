//! The access token, stored as the header value that carries it.

use std::fmt;

use bytes::Bytes;
use http::HeaderValue;
use zeroize::Zeroize;

use crate::error::{Error, ErrorKind};

/// An access token, stored as the `Authorization` header value that carries it.
///
/// Clones share one buffer, and so do the header values that [`header`](Self::header) returns. The buffer is
/// overwritten with zeros when the last of them is dropped. `Debug` does not show the token. The layer never parses a
/// token (RFC 9068 section 6).
///
/// ```
/// use auth_layer::AccessToken;
///
/// let token = AccessToken::new("mF_9.B5f-4.1JqM")?;
/// assert_eq!(format!("{token:?}"), "AccessToken(..)");
/// assert_eq!(token.header(), "Bearer mF_9.B5f-4.1JqM");
/// assert!(token.header().is_sensitive());
/// # Ok::<(), auth_layer::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken(HeaderValue);

impl AccessToken {
    /// Makes an access token from the text that the issuer sent.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::InvalidAnswer`] if `token` is empty or has a character that is not visible ASCII (RFC 6750
    /// section 2.1). Such a character could split a header.
    pub fn new(token: &str) -> Result<Self, Error> {
        bearer_header(token).map(Self)
    }

    /// Returns the `Authorization` header value, marked sensitive.
    pub fn header(&self) -> &HeaderValue {
        &self.0
    }

    /// Returns the token itself, for an application that must pass it on.
    pub fn expose(&self) -> &str {
        // `bearer_header` wrote the prefix and visible ASCII, so that neither the conversion nor the slice can fail.
        self.0.to_str().map_or("", |value| &value[PREFIX.len()..])
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(..)")
    }
}

/// The number of a token within its manager: 1 for the first token, and one more for each renewal.
///
/// ```
/// # async fn show(manager: &auth_layer::TokenManager) -> Result<(), auth_layer::Error> {
/// let first = manager.token().await?.generation();
/// assert!(manager.token().await?.generation() >= first);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub(crate) u64);

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Builds the header value `Bearer <token>`. Its buffer is wiped when the last clone is dropped.
pub(crate) fn bearer_header(token: &str) -> Result<HeaderValue, Error> {
    let refuse = || {
        Error::new(
            ErrorKind::InvalidAnswer,
            "the access token is empty or has a character that is not allowed in a header; it must be visible ASCII",
        )
    };
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(refuse());
    }
    // The full size is reserved first: a buffer that grows leaves unwiped copies of the token behind.
    let mut buffer = Vec::with_capacity(PREFIX.len() + token.len());
    buffer.extend_from_slice(PREFIX.as_bytes());
    buffer.extend_from_slice(token.as_bytes());
    let shared = Bytes::from_owner(Wiped(buffer.into_boxed_slice()));
    let mut header = HeaderValue::from_maybe_shared(shared).map_err(|_| refuse())?;
    // HTTP/2 must not index the token in its header table, and `Debug` of the header must not show it.
    header.set_sensitive(true);
    Ok(header)
}

/// The buffer of a header value. It is overwritten with zeros when dropped.
struct Wiped(Box<[u8]>);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

const PREFIX: &str = "Bearer ";
