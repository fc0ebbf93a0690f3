//! GoTo: a code, or a device code, is exchanged for the first tokens of a sign-in.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::json;

use super::outcome::{Granted, Refused};
use super::request::Fields;
use crate::observe::TokenRefusal;
use crate::state::Desk;
use crate::token::{Approval, Poll, Targets};

/// The lifetime of an access token: an hour.
pub(super) const LIFETIME: Duration = Duration::from_secs(3600);

/// Exchanges a code. Sending the code uses it up, even if the request is wrong in another way.
pub(super) fn authorization_code(desk: &mut Desk<'_>, fields: &Fields) -> Result<Granted, Refused> {
    let code = fields.require("code")?;
    // This is checked before the code is taken, because another client must not use it up.
    let is_others = fields.get("client_id").is_some_and(|id| id != desk.books.credentials.id());
    if is_others {
        return Err(Refused::invalid_grant("the code was given to another client"));
    }
    let approval = desk.take_code(code).map_err(|bad| Refused::invalid_grant(bad.description()))?;
    // RFC 6749 section 4.1.3: the parameter must be repeated exactly, and absent if it was absent.
    if fields.get("redirect_uri") != approval.redirect.as_deref() {
        return Err(Refused::invalid_grant("redirect_uri differs from the one in the authorization request"));
    }
    check_verifier(&approval, fields.get("code_verifier"))?;
    Refused::unless_within(&approval.targets, &fields.targets)?;
    let (family, granted) = first_tokens(desk, &approval.principal, &approval.scope, approval.targets);
    desk.books.codes.gave(code, family);
    desk.books.counters.codes_redeemed += 1;
    Ok(granted)
}

pub(super) fn device_code(desk: &mut Desk<'_>, fields: &Fields) -> Result<Granted, Refused> {
    let refuse = |reason, error, description: &str| {
        Err(Refused::new(StatusCode::BAD_REQUEST, reason, error, description))
    };
    match desk.books.device_codes.poll(fields.require("device_code")?, desk.now) {
        Poll::Unknown => Err(Refused::invalid_grant("the device code is unknown or used up")),
        Poll::Expired => refuse(TokenRefusal::InvalidGrant, "expired_token", "the device code has expired"),
        Poll::Pending => refuse(
            TokenRefusal::Pending,
            "authorization_pending",
            "the person has not yet decided about the device",
        ),
        Poll::TooSoon => {
            refuse(TokenRefusal::TooSoon, "slow_down", "wait five seconds longer between two polls")
        }
        Poll::Denied => refuse(TokenRefusal::Denied, "access_denied", "the person denied the device"),
        Poll::Allowed { scope, targets, principal } => {
            Refused::unless_within(&targets, &fields.targets)?;
            desk.books.counters.device_codes_redeemed += 1;
            Ok(first_tokens(desk, &principal, &scope, targets).1)
        }
    }
}

/// Fails if only one of challenge and verifier is there. Otherwise an attacker could bypass PKCE by leaving one out
/// (RFC 9700 section 4.8).
fn check_verifier(approval: &Approval, verifier: Option<&str>) -> Result<(), Refused> {
    match (&approval.challenge, verifier) {
        (None, None) => Ok(()),
        (Some(challenge), Some(verifier)) if challenge.fits(verifier) => Ok(()),
        (Some(_), Some(_)) => Err(Refused::invalid_grant("code_verifier does not match the challenge")),
        (Some(_), None) => Err(Refused::invalid_grant("code_verifier is missing")),
        (None, Some(_)) => Err(Refused::invalid_grant("the code was requested without a challenge")),
    }
}

/// Issues the first tokens. Unlike later answers, the first answer has a type and a scope.
fn first_tokens(desk: &mut Desk<'_>, principal: &str, scope: &str, targets: Targets) -> (u64, Granted) {
    let (family, refresh_token) = desk.start_family(principal);
    desk.books.targets.insert(family, targets);
    let issued = desk.issue_in_family(family, LIFETIME);
    let body = json!({
        "access_token": issued.value,
        "refresh_token": refresh_token,
        "token_type": "Bearer",
        "expires_in": issued.lifetime.as_secs(),
        "scope": scope,
        "principal": principal,
    });
    (family, Granted::new(body, issued.ordinal))
}
