//! The result of a token request: a grant or a refusal.

use axum::http::StatusCode;
use serde_json::Value;

use crate::observe::TokenRefusal;
use crate::token::Targets;

/// A token was issued. `body` is the whole answer.
pub(super) struct Granted {
    pub(super) body: Value,
    pub(super) ordinal: u64,
    pub(super) for_refresh_token: bool,
    pub(super) rotated: bool,
}

impl Granted {
    pub(super) fn new(body: Value, ordinal: u64) -> Self {
        Self { body, ordinal, for_refresh_token: false, rotated: false }
    }
}

/// No token was issued. The error is in RFC 6749's terms; the provider's own shape is added later.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    pub(super) reason: TokenRefusal,
    pub(super) error: &'static str,
    pub(super) description: String,
}

impl Refused {
    pub(super) fn new(
        status: StatusCode,
        reason: TokenRefusal,
        error: &'static str,
        description: impl Into<String>,
    ) -> Self {
        Self { status, reason, error, description: description.into() }
    }

    pub(super) fn malformed(description: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, TokenRefusal::Malformed, "invalid_request", description)
    }

    /// Returns the refusal for a client that authenticates itself in two ways (RFC 6749 section 2.3).
    pub(super) fn double_authentication() -> Self {
        Self {
            reason: TokenRefusal::DoubleAuthentication,
            ..Self::malformed("the client authenticated itself more than once")
        }
    }

    /// Returns the refusal for a code or a refresh token that is not valid (RFC 6749 section 5.2).
    pub(super) fn invalid_grant(description: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, TokenRefusal::InvalidGrant, "invalid_grant", description)
    }

    pub(super) fn unsupported_grant() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            TokenRefusal::UnsupportedGrant,
            "unsupported_grant_type",
            "this grant type is not supported",
        )
    }

    /// Returns the refusal for a resource or audience that the authorization request did not name (RFC 8707 section
    /// 2.2).
    fn target() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            TokenRefusal::InvalidTarget,
            "invalid_target",
            "the authorization request did not name this resource or audience",
        )
    }

    /// Fails if the request asks for a target that was not granted.
    pub(super) fn unless_within(granted: &Targets, asked: &Targets) -> Result<(), Self> {
        if asked.are_within(granted) { Ok(()) } else { Err(Self::target()) }
    }

    /// Returns the refusal for a wrong id or secret. Providers differ in the status.
    pub(super) fn credentials(status: StatusCode) -> Self {
        Self::new(status, TokenRefusal::Credentials, "invalid_client", "unknown client or wrong secret")
    }

    /// Returns the refusal for a client authentication that this provider does not accept.
    pub(super) fn client_authentication(status: StatusCode) -> Self {
        Self::new(
            status,
            TokenRefusal::ClientAuthentication,
            "invalid_client",
            "this way of client authentication is not supported",
        )
    }
}
