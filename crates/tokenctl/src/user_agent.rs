//! The name that `tokenctl` gives itself in requests.

/// The `User-Agent` of every request that a command makes (RFC 9110 section 10.1.5).
pub(crate) const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
