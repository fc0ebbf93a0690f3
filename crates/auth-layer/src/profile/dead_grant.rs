//! The refusals of a refresh token that mean its grant has ended.

use std::borrow::Cow;

use super::profile::Profile;

impl Profile {
    /// Adds an error code that means that the grant has ended, like `invalid_grant` (RFC 6749 section 5.2).
    ///
    /// If the answer to a refresh token has this code, a person has to sign in again. Every profile already has the
    /// codes with no other meaning:
    ///
    /// - `invalid_grant` (RFC 6749), `bad_refresh_token`, `invalid_refresh_token` and `invalid_code`;
    /// - `interaction_required`, `login_required` and `consent_required` (OpenID Connect Core section 3.1.2.6);
    /// - `expired_refresh_token`, `refresh_token_expired`, `refresh_token_invalid`, `refresh_token_revoked`,
    ///   `revoked_refresh_token` and `token_revoked`.
    ///
    /// The case of letters does not matter. With status 408, 429 or 5xx the failure is temporary, whatever the code.
    /// Write the code as [`OAuthError::code`](crate::OAuthError::code) shows it.
    #[must_use]
    pub fn with_dead_grant_code(mut self, code: impl Into<Cow<'static, str>>) -> Self {
        self.facts_mut().dead_grant_codes.push(code.into());
        self
    }

    /// Returns whether the grant has ended if the answer to a refresh token has this code.
    pub(crate) fn ends_grant(&self, code: &str) -> bool {
        let own = self.facts.dead_grant_codes.iter().map(|own| &**own);
        // Some servers write a text after the code, separated by a colon or a space.
        let code = code.trim().split([':', ' ']).next().unwrap_or_default();
        EVERYWHERE.into_iter().chain(own).any(|dead| dead.eq_ignore_ascii_case(code))
    }
}

/// The codes that mean an ended grant at every provider.
const EVERYWHERE: [&str; 13] = [
    "invalid_grant",
    "bad_refresh_token",
    "invalid_refresh_token",
    "invalid_code",
    "interaction_required",
    "login_required",
    "consent_required",
    "expired_refresh_token",
    "refresh_token_expired",
    "refresh_token_invalid",
    "refresh_token_revoked",
    "revoked_refresh_token",
    "token_revoked",
];
