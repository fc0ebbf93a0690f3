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
    pub(crate) lifetime: Option<Duration>,
    pub(crate) refresh_token: RefreshTokenMode,
    pub(crate) rotate_next: bool,
    pub(crate) octotable_encoding: Option<TokenEncoding>,
}
