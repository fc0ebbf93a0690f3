//! The settings of a site that a test may change while it runs.

use std::time::Duration;

/// How GoTo treats a refresh token when it is redeemed; see
/// [`Site::set_refresh_token_mode`](crate::Site::set_refresh_token_mode).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefreshTokenMode {
    /// The answer repeats the refresh token. In the last day of its life, the answer has a new one.
    #[default]
    Same,
    /// The answer has no refresh token. The old one stays valid.
    Absent,
    /// The answer has a new refresh token, and the old one is no longer valid.
    Rotate,
    /// Like `Rotate`. In addition, if an old token is sent again, its whole family is revoked: the current refresh
    /// token and all access tokens of this sign-in (RFC 9700 section 4.14.2).
    RotateStrict,
    /// Like `RotateStrict`, but an old token may be sent again within this time after it was replaced. The answer then
    /// has the same new refresh token as before and a new access token.
    ///
    /// The grace period also ends when the new refresh token is used, because then the client has received the answer.
    /// The time is measured by the emulator's clock.
    RotateWithGrace(Duration),
}

impl RefreshTokenMode {
    pub(crate) fn rotates(self) -> bool {
        matches!(self, Self::Rotate | Self::RotateStrict | Self::RotateWithGrace(_))
    }
}

/// The encoding of the fields of a token request.
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
    /// Accepts requests however they are sent.
    pub(crate) lenient: bool,
    /// The API refuses calls without a `User-Agent`.
    pub(crate) user_agent_at_api: bool,
    pub(crate) lifetime: Option<Duration>,
    pub(crate) refresh_token: RefreshTokenMode,
    pub(crate) rotate_next: bool,
    pub(crate) octotable_encoding: Option<TokenEncoding>,
    /// GoTab's graph interface answers 200 to a token that it does not accept.
    pub(crate) graph_at_200: bool,
    /// The issuer whose metadata is at the first well-known place. GoTo's own metadata is then at the second.
    pub(crate) issuer_at_first_place: Option<String>,
    /// The issuer that GoTo names instead of its own auth host.
    pub(crate) issuer: Option<String>,
    pub(crate) issuer_in_callback: bool,
    pub(crate) device_sign_in: bool,
    pub(crate) older_locations: bool,
}
