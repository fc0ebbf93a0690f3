//! GoTo: a form, a Basic header with the raw id and secret, and a refresh token that usually stays the same.

use axum::http::StatusCode;
use serde_json::json;

use super::goto_code::{self, LIFETIME};
use super::outcome::{Granted, Refused};
use super::request::{Fields, TokenRequest};
use crate::observe::TokenRefusal;
use crate::state::{Desk, PRINCIPAL};
use crate::switches::TokenEncoding;
use crate::token::{Redeemed, RefreshTokens};

/// Accepted only if [`Site::offer_device_sign_in`](crate::Site::offer_device_sign_in) switched it on.
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

pub(super) fn grant(desk: &mut Desk<'_>, request: &TokenRequest<'_>) -> Result<Granted, Refused> {
    let fields = fields(desk, request)?;
    match fields.require("grant_type")? {
        "authorization_code" => goto_code::authorization_code(desk, &fields),
        DEVICE_GRANT if desk.books.switches.device_sign_in => goto_code::device_code(desk, &fields),
        "refresh_token" => refresh(desk, &fields),
        "personal_access_token" => personal_access_token(desk, &fields),
        _ => Err(Refused::unsupported_grant()),
    }
}

/// Returns the fields of a request after authenticating its client. Also used for revocation and device codes.
pub(super) fn fields(desk: &Desk<'_>, request: &TokenRequest<'_>) -> Result<Fields, Refused> {
    if !request.is_in(TokenEncoding::Form) {
        return Err(Refused {
            reason: TokenRefusal::Encoding,
            ..Refused::malformed("the body must be application/x-www-form-urlencoded")
        });
    }
    let fields = request.fields(TokenEncoding::Form)?;
    check_client(desk, request, &fields)?;
    Ok(fields)
}

fn check_client(desk: &Desk<'_>, request: &TokenRequest<'_>, fields: &Fields) -> Result<(), Refused> {
    if !request.has_authorization() {
        return Err(Refused::client_authentication(StatusCode::UNAUTHORIZED));
    }
    // A client must not use two methods in one request (RFC 6749 section 2.3), even if both are right.
    if fields.get("client_secret").is_some() {
        return Err(Refused::double_authentication());
    }
    let credentials = &desk.books.credentials;
    match request.has_raw_basic(credentials.id(), credentials.secret()) {
        true => Ok(()),
        false => Err(Refused::credentials(StatusCode::UNAUTHORIZED)),
    }
}

/// Refreshes. The answer has no `token_type` and no scope.
fn refresh(desk: &mut Desk<'_>, fields: &Fields) -> Result<Granted, Refused> {
    let value = fields.require("refresh_token")?;
    // The target is checked first, because a refused request must not use up the refresh token.
    if let Some(tokens) = desk.books.refresh_tokens.as_ref().filter(|tokens| tokens.knows(value))
        && let Some(granted) = desk.books.targets.get(&tokens.family())
    {
        Refused::unless_within(granted, &fields.targets)?;
    }
    let redeemed = desk
        .redeem(value)
        .ok_or_else(|| Refused::invalid_grant("the refresh token is unknown, used up or expired"))?;
    let family = desk.books.refresh_tokens.as_ref().map_or(0, RefreshTokens::family);
    let issued = desk.issue_in_family(family, LIFETIME);
    let mut body = json!({
        "access_token": issued.value,
        "expires_in": issued.lifetime.as_secs(),
        "principal": desk.books.principal,
    });
    let rotated = matches!(redeemed, Redeemed::Rotated(_));
    if let Redeemed::Same(value) | Redeemed::Rotated(value) | Redeemed::Again(value) = redeemed {
        body["refresh_token"] = value.into();
    }
    Ok(Granted { for_refresh_token: true, rotated, ..Granted::new(body, issued.ordinal) })
}

fn personal_access_token(desk: &mut Desk<'_>, fields: &Fields) -> Result<Granted, Refused> {
    let given = fields.require("pat")?;
    if desk.books.credentials.personal_access_token() != Some(given) {
        return Err(Refused::invalid_grant("the personal access token is unknown"));
    }
    let issued = desk.issue(LIFETIME);
    let body = json!({
        "access_token": issued.value,
        "expires_in": issued.lifetime.as_secs(),
        "principal": PRINCIPAL,
    });
    Ok(Granted::new(body, issued.ordinal))
}
