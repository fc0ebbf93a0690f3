//! GoTo: a form, a Basic header over the raw id and secret, and a refresh token that mostly stays the same.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::json;

use super::handler::double_authentication;
use super::outcome::{Granted, Refused};
use super::request::{Fields, TokenRequest};
use crate::observe::TokenRefusal;
use crate::site::Desk;
use crate::switches::TokenEncoding;
use crate::token::Redeemed;

/// The lifetime of an access token: an hour.
const LIFETIME: Duration = Duration::from_secs(3600);

/// Whom the tokens stand for.
const PRINCIPAL: &str = "organizer@example.com";

pub(super) fn grant(desk: &mut Desk<'_>, request: &TokenRequest<'_>) -> Result<Granted, Refused> {
    if !request.is_in(TokenEncoding::Form) {
        return Err(Refused {
            reason: TokenRefusal::Encoding,
            ..Refused::malformed("the body must be application/x-www-form-urlencoded")
        });
    }
    let fields = request.fields(TokenEncoding::Form)?;
    check_client(desk, request, &fields)?;
    match fields.require("grant_type")? {
        "refresh_token" => refresh(desk, &fields),
        "personal_access_token" => personal_access_token(desk, &fields),
        _ => Err(Refused::unsupported_grant()),
    }
}

fn check_client(desk: &Desk<'_>, request: &TokenRequest<'_>, fields: &Fields) -> Result<(), Refused> {
    if !request.has_authorization() {
        return Err(Refused::client_authentication(StatusCode::UNAUTHORIZED));
    }
    if fields.get("client_secret").is_some() {
        return Err(double_authentication());
    }
    let credentials = &desk.books.credentials;
    match request.has_raw_basic(credentials.id(), credentials.secret()) {
        true => Ok(()),
        false => Err(Refused::credentials(StatusCode::UNAUTHORIZED)),
    }
}

/// There is no `token_type` in the answer, and no scope.
fn refresh(desk: &mut Desk<'_>, fields: &Fields) -> Result<Granted, Refused> {
    let redeemed = desk
        .redeem(fields.require("refresh_token")?)
        .ok_or_else(|| invalid_grant("the refresh token is unknown, used up or too old"))?;
    let issued = desk.issue(LIFETIME);
    let mut body = json!({
        "access_token": issued.value,
        "expires_in": issued.lifetime.as_secs(),
        "principal": PRINCIPAL,
    });
    let rotated = matches!(redeemed, Redeemed::Rotated(_));
    if let Redeemed::Same(value) | Redeemed::Rotated(value) = redeemed {
        body["refresh_token"] = value.into();
    }
    Ok(Granted { for_refresh_token: true, rotated, ..Granted::new(body, issued.ordinal) })
}

fn personal_access_token(desk: &mut Desk<'_>, fields: &Fields) -> Result<Granted, Refused> {
    let given = fields.require("pat")?;
    if desk.books.credentials.personal_access_token() != Some(given) {
        return Err(invalid_grant("the personal access token is unknown"));
    }
    let issued = desk.issue(LIFETIME);
    let body = json!({
        "access_token": issued.value,
        "expires_in": issued.lifetime.as_secs(),
        "principal": PRINCIPAL,
    });
    Ok(Granted::new(body, issued.ordinal))
}

fn invalid_grant(description: &str) -> Refused {
    Refused::new(StatusCode::BAD_REQUEST, TokenRefusal::InvalidGrant, "invalid_grant", description)
}
