//! `ReplayRule`: the reaction of a server to a refresh token that is sent a second time.

use std::time::Duration;

/// The reaction of a server to a refresh token that is sent a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReplayRule {
    /// The server assumes theft and revokes all tokens of the grant (RFC 9700 section 4.14.2).
    KillsFamily,
    /// The refresh token still works for this long after its first use.
    Grace(Duration),
    /// The refresh token works until it expires.
    Reusable,
    /// The provider does not say.
    Unknown,
}
