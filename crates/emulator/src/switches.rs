//! What a test may change about a provider's manners while it runs.

use std::time::Duration;

/// What GoTo says about the refresh token when one is redeemed.
///
/// ```
/// # #[tokio::main] async fn main() -> std::io::Result<()> {
/// use emulator::{Emulator, Provider, RefreshTokenMode};
///
/// let emulator = Emulator::builder().start().await?;
/// emulator.site(Provider::GoTo).set_refresh_token_mode(RefreshTokenMode::Rotate);
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefreshTokenMode {
    /// The answer repeats the refresh token that was sent; in its last day it brings a new one.
    #[default]
    Same,
    /// The answer holds no refresh token; the one that was sent stays good.
    Absent,
    /// The answer brings a new refresh token, and the one that was sent is dead from then on.
    Rotate,
    /// As `Rotate`; a token that was rotated away and comes again ends its whole family besides, the current refresh
    /// token and all access tokens of this sign-in (RFC 9700 section 4.14.2).
    RotateStrict,
    /// As `RotateStrict`, but a token that comes again this soon after it was rotated away is answered with the same
    /// successor as before and a new access token.
    ///
    /// Grace also ends as soon as the successor was redeemed: whoever did so has had the answer. The time is the
    /// emulator's clock's.
    RotateWithGrace(Duration),
}

impl RefreshTokenMode {
    pub(crate) fn rotates(self) -> bool {
        matches!(self, Self::Rotate | Self::RotateStrict | Self::RotateWithGrace(_))
    }
}

/// How the fields of a token request are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenEncoding {
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `application/json`.
    Json,
}

#[derive(Debug, Default)]
pub(crate) struct Switches {
    /// Requests are accepted however they are sent.
    pub(crate) lenient: bool,
    /// The API refuses calls without a `User-Agent`.
    pub(crate) user_agent_at_api: bool,
    pub(crate) lifetime: Option<Duration>,
    pub(crate) refresh_token: RefreshTokenMode,
    pub(crate) rotate_next: bool,
    pub(crate) octotable_encoding: Option<TokenEncoding>,
    /// GoTab's graph interface answers 200 to a token that it does not accept.
    pub(crate) graph_at_200: bool,
    /// The issuer whose metadata are at the first well-known place, while GoTo's own are at the second.
    pub(crate) issuer_at_first_place: Option<String>,
    /// The issuer that GoTo names instead of its own auth host.
    pub(crate) issuer: Option<String>,
    pub(crate) issuer_in_callback: bool,
    pub(crate) device_sign_in: bool,
    pub(crate) older_locations: bool,
}
