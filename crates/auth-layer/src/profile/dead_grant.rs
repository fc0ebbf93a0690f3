//! The refusals of a refresh token that mean its grant has ended.

use std::borrow::Cow;

use super::recipe::Profile;

impl Profile {
    /// One more error code that, in answer to a refresh token, means what `invalid_grant` means (RFC 6749 section 5.2):
    /// the grant has ended, and a person has to sign in again.
    ///
    /// Every profile has the codes that can mean nothing else, so that they need not be added:
    ///
    /// - `invalid_grant` (RFC 6749), `bad_refresh_token` (GitHub, HubSpot), `invalid_refresh_token` (Slack),
    ///   `invalid_code` (Zoho);
    /// - `interaction_required`, `login_required` and `consent_required` (OpenID Connect; Microsoft Entra sends them to
    ///   refreshes);
    /// - `expired_refresh_token`, `refresh_token_expired`, `refresh_token_invalid`, `refresh_token_revoked`,
    ///   `revoked_refresh_token` and `token_revoked`.
    ///
    /// Codes are compared without regard to case. A server in trouble (408, 429 or 5xx) is not believed, whatever its
    /// code. The code is the one that [`OAuthError::code`](crate::OAuthError::code) shows.
    #[must_use]
    pub fn with_dead_grant_code(mut self, code: impl Into<Cow<'static, str>>) -> Self {
        self.facts_mut().dead_grant_codes.push(code.into());
        self
    }

    /// Whether a refusal with this code, in answer to a refresh token, ends the grant.
    pub(crate) fn ends_grant(&self, code: &str) -> bool {
        let own = self.facts.dead_grant_codes.iter().map(|own| &**own);
        // Some servers add their text to the code.
        let code = code.trim().split([':', ' ']).next().unwrap_or_default();
        EVERYWHERE.into_iter().chain(own).any(|dead| dead.eq_ignore_ascii_case(code))
    }
}

/// The codes that mean a dead grant whichever server answers a refresh with them.
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
