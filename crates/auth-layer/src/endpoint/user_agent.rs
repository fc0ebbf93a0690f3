//! The `User-Agent` of token requests.

use http::HeaderValue;

use crate::error::ConfigError;

/// The default `User-Agent` of the requests that this crate makes itself: `auth-layer` and its version (RFC 9110
/// section 10.1.5).
///
/// These are the requests for tokens, device codes, revocation and metadata. The layers do not add a `User-Agent` to
/// the application's requests.
pub const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

/// The header value of [`USER_AGENT`].
pub(super) const DEFAULT: HeaderValue = HeaderValue::from_static(USER_AGENT);

/// Makes a header value from a text. Only visible ASCII and spaces are allowed.
pub(super) fn header(text: &str) -> Result<HeaderValue, ConfigError> {
    let problem = match text.trim() {
        "" => "must not be empty",
        _ => "must consist of visible ASCII characters and spaces",
    };
    let is_good = !text.trim().is_empty() && text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let header = HeaderValue::from_str(text).ok().filter(|_| is_good);
    header.ok_or_else(|| ConfigError::new("User-Agent", problem))
}
