//! The name under which token requests are sent.

use http::HeaderValue;

use crate::config_error::ConfigError;

/// The `User-Agent` of the requests that this crate makes by itself, where nothing else was given: `auth-layer` and its
/// version (RFC 9110 section 10.1.5).
///
/// These are the requests for tokens, device codes, revocation and metadata. The layers add no `User-Agent` to the
/// requests that go through them.
pub const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

/// The header of [`USER_AGENT`].
pub(super) const DEFAULT: HeaderValue = HeaderValue::from_static(USER_AGENT);

/// Makes a header of a text.
pub(super) fn header(text: &str) -> Result<HeaderValue, ConfigError> {
    let problem = match text.trim() {
        "" => "must not be empty",
        _ => "must consist of visible ASCII characters and spaces",
    };
    let is_good = !text.trim().is_empty() && text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let header = HeaderValue::from_str(text).ok().filter(|_| is_good);
    header.ok_or_else(|| ConfigError::new("User-Agent", problem))
}
