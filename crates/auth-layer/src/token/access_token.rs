//! The access token, kept as the finished header that carries it.

use std::fmt;

use bytes::Bytes;
use http::HeaderValue;
use zeroize::Zeroize;

use crate::error::{Error, ErrorKind};

/// An access token, held as the finished `Authorization` value that carries it.
///
/// Clones share one buffer, which is overwritten with zeros when the last of them is gone, header values
/// taken from it included. `Debug` shows nothing of it. The layer never looks into a token
/// (RFC 9068 section 6).
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
    /// Takes over a token as its issuer spelled it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidAnswer`] if it is empty or holds anything but visible ASCII characters
    /// (RFC 6750 section 2.1), which could split a header.
    pub fn new(token: &str) -> Result<Self, Error> {
        bearer_header(token).map(Self)
    }

    /// The finished header value, marked sensitive.
    pub fn header(&self) -> &HeaderValue {
        &self.0
    }

    /// The token itself, for an application that has to hand it on.
    pub fn expose(&self) -> &str {
        // Only visible ASCII went in, after a prefix of that length.
        self.0.to_str().map_or("", |value| &value[PREFIX.len()..])
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(..)")
    }
}

/// Which issue of a manager's token this is: 1 for the first, and one more with each renewal.
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

/// Builds `Bearer <token>` in a buffer that is wiped with its last clone.
pub(crate) fn bearer_header(token: &str) -> Result<HeaderValue, Error> {
    let refuse = || {
        Error::new(
            ErrorKind::InvalidAnswer,
            "the access token is empty or holds characters that cannot stand in a header",
        )
    };
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(refuse());
    }
    let mut buffer = Vec::with_capacity(PREFIX.len() + token.len());
    buffer.extend_from_slice(PREFIX.as_bytes());
    buffer.extend_from_slice(token.as_bytes());
    let shared = Bytes::from_owner(Wiped(buffer.into_boxed_slice()));
    let mut header = HeaderValue::from_maybe_shared(shared).map_err(|_| refuse())?;
    header.set_sensitive(true);
    Ok(header)
}

/// The buffer under a header value.
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
