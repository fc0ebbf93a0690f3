//! The access token, stored as the header value that carries it.

use std::fmt;

use bytes::Bytes;
use http::HeaderValue;
use zeroize::Zeroize;

use crate::error::{Error, ErrorKind};

/// An access token, stored as the header value that carries it.
///
/// The value is `Bearer <token>`, unless the profile of the exchange that issued the token has another prefix
/// ([`Profile::with_api_header`](crate::Profile::with_api_header)). Clones share one buffer, and so do the header
/// values that [`header`](Self::header) returns. The buffer is overwritten with zeros when the last of them is dropped.
/// `Debug` does not show the token. The layer never parses a token (RFC 9068 section 6).
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
#[derive(Clone)]
pub struct AccessToken {
    header: HeaderValue,
    /// The length of the text before the token.
    prefix: usize,
}

impl AccessToken {
    /// Makes an access token from the text that the issuer sent.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::InvalidAnswer`] if `token` is empty or has a character that is not visible ASCII (RFC 6750
    /// section 2.1). Such a character could split a header.
    pub fn new(token: &str) -> Result<Self, Error> {
        Ok(Self { header: bearer_header(token)?, prefix: BEARER.len() })
    }

    /// Returns the same token with another text before it.
    pub(crate) fn with_prefix(&self, prefix: &str) -> Result<Self, Error> {
        if self.has_prefix(prefix) {
            return Ok(self.clone());
        }
        Ok(Self { header: header_of(prefix, self.expose())?, prefix: prefix.len() })
    }

    /// Returns a header value with another text before the token.
    pub(crate) fn value_with(&self, prefix: &str) -> HeaderValue {
        // The prefix of a profile and a token are visible ASCII, so that the value is valid.
        header_of(prefix, self.expose()).unwrap_or_else(|_| self.header.clone())
    }

    /// Returns whether the header value has this text before the token.
    pub(crate) fn has_prefix(&self, prefix: &str) -> bool {
        self.prefix == prefix.len() && self.header.as_bytes().starts_with(prefix.as_bytes())
    }

    /// Returns the header value that carries the token, marked sensitive.
    pub fn header(&self) -> &HeaderValue {
        &self.header
    }

    /// Returns the token itself, for an application that must pass it on.
    pub fn expose(&self) -> &str {
        // `header_of` wrote the prefix and visible ASCII, so that neither the conversion nor the slice can fail.
        self.header.to_str().map_or("", |value| &value[self.prefix..])
    }
}

/// Two tokens are equal if their texts are. The text before them does not matter.
impl PartialEq for AccessToken {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for AccessToken {}

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

/// Builds the header value `Bearer <token>` (RFC 6750 section 2.1).
pub(crate) fn bearer_header(token: &str) -> Result<HeaderValue, Error> {
    header_of(BEARER, token)
}

/// Builds the header value of a token. Its buffer is wiped when the last clone is dropped.
pub(crate) fn header_of(prefix: &str, token: &str) -> Result<HeaderValue, Error> {
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
    let mut buffer = Vec::with_capacity(prefix.len() + token.len());
    buffer.extend_from_slice(prefix.as_bytes());
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

const BEARER: &str = "Bearer ";
