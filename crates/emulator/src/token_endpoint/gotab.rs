//! GoTab: JSON only, credentials under names of its own, and an older endpoint with an older answer.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::StatusCode;
use serde_json::json;

use super::handler::double_authentication;
use super::outcome::{Granted, Refused};
use super::paths::Variant;
use super::request::{Fields, TokenRequest};
use crate::observe::TokenRefusal;
use crate::site::Desk;
use crate::switches::TokenEncoding;

/// The lifetime of a token: a day.
const LIFETIME: Duration = Duration::from_secs(86_400);

pub(super) fn grant(desk: &mut Desk<'_>, request: &TokenRequest<'_>) -> Result<Granted, Refused> {
    if !request.is_in(TokenEncoding::Json) {
        return Err(Refused {
            reason: TokenRefusal::Encoding,
            ..Refused::malformed("the body must be application/json")
        });
    }
    let fields = request.fields(TokenEncoding::Json)?;
    check_grant_type(request.variant, &fields)?;
    let id = fields.require("api_access_id")?;
    let secret = fields.require("api_access_secret")?;
    if request.has_authorization() {
        return Err(double_authentication());
    }
    if !desk.books.credentials.matches(id, secret) {
        return Err(Refused::credentials(StatusCode::BAD_REQUEST));
    }
    let issued = desk.issue(LIFETIME);
    let seconds = issued.lifetime.as_secs();
    let body = match request.variant {
        Variant::Main => json!({
            "access_token": issued.value,
            "token_type": "Bearer",
            "expires_in": seconds,
        }),
        Variant::Other => {
            let initiated = unix_seconds(desk.now);
            json!({
                "token": issued.value,
                "tokenType": "Bearer",
                "initiated": initiated,
                "expires": initiated.saturating_add(seconds),
                "expiresIn": seconds,
                "refreshToken": desk.books.random.alphanumeric(64),
            })
        }
    };
    Ok(Granted::new(body, issued.ordinal))
}

/// The older endpoint knows no grant type, and suffers the one that clients send.
fn check_grant_type(variant: Variant, fields: &Fields) -> Result<(), Refused> {
    match (variant, fields.get("grant_type")) {
        (_, Some("client_credentials")) | (Variant::Other, None) => Ok(()),
        (Variant::Main, None) => Err(Refused::malformed("grant_type is missing")),
        (_, Some(_)) => Err(Refused::unsupported_grant()),
    }
}

fn unix_seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
