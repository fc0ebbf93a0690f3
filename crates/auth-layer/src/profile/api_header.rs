//! `ApiHeader`: the header of an API call that carries the token.

use std::borrow::Cow;

use http::HeaderName;
use http::header::AUTHORIZATION;

use crate::error::ConfigError;

/// The header of an API call that carries the token, and the text before the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiHeader {
    name: HeaderName,
    prefix: Cow<'static, str>,
}

impl ApiHeader {
    /// Returns `Authorization` with the scheme Bearer (RFC 6750 section 2.1).
    pub(super) const fn bearer() -> Self {
        Self { name: AUTHORIZATION, prefix: Cow::Borrowed("Bearer ") }
    }

    /// Makes a header. The prefix may be empty.
    pub(super) fn new(name: &str, prefix: impl Into<Cow<'static, str>>) -> Result<Self, ConfigError> {
        let prefix = prefix.into();
        let refuse =
            |problem: &'static str| ConfigError::new(format!("API header {}", name.escape_debug()), problem);
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| refuse("is not a valid header name (RFC 9110 section 5.1)"))?;
        if !prefix.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
            return Err(refuse("has a prefix with a character that is not visible ASCII"));
        }
        Ok(Self { name, prefix })
    }

    /// Returns whether this is the usual header.
    pub(crate) fn is_bearer(&self) -> bool {
        *self == Self::bearer()
    }

    /// Returns the name of the header.
    pub(crate) const fn name(&self) -> &HeaderName {
        &self.name
    }

    /// Returns the text before the token.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }
}
