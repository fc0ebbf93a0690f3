//! GoTab: JSON only, its own names for the credentials, and an older endpoint with an older answer.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::StatusCode;
use serde_json::json;

use super::outcome::{Granted, Refused};
use super::paths::Variant;
use super::request::{Fields, TokenRequest};
use crate::observe::TokenRefusal;
use crate::state::{Desk, Issued};
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
    let grant = grant_type(request.variant, &fields)?;
    let id = fields.require("api_access_id")?;
    let secret = fields.require("api_access_secret")?;
    if request.has_authorization() {
        return Err(Refused::double_authentication());
    }
    if !desk.books.credentials.matches(id, secret) {
        return Err(Refused::credentials(StatusCode::BAD_REQUEST));
    }
    match grant {
        Grant::Client => {
            let issued = desk.issue(LIFETIME);
            // Only the older endpoint returns a refresh token for client credentials. Its use is not documented.
            let refresh_token =
                (request.variant == Variant::Other).then(|| desk.books.random.alphanumeric(64));
            Ok(answer(desk, request.variant, &issued, refresh_token))
        }
        Grant::Code => authorization_code(desk, request.variant, &fields),
        Grant::Refresh => refresh(desk, request.variant, &fields),
    }
}

fn authorization_code(desk: &mut Desk<'_>, variant: Variant, fields: &Fields) -> Result<Granted, Refused> {
    let code = fields.require("code")?;
    let approval = desk.take_code(code).map_err(|bad| Refused::invalid_grant(bad.description()))?;
    let redirect = fields.get("redirect_url");
    if redirect.is_some() && redirect != approval.redirect.as_deref() {
        return Err(Refused::invalid_grant("redirect_url differs from the one in the authorization request"));
    }
    // GoTab does not document PKCE, so neither the challenge nor the verifier is required. If both are sent, they must
    // match.
    if let (Some(challenge), Some(verifier)) = (&approval.challenge, fields.get("code_verifier"))
        && !challenge.fits(verifier)
    {
        return Err(Refused::invalid_grant("code_verifier does not match the challenge"));
    }
    Refused::unless_within(&approval.targets, &fields.targets)?;
    let (family, refresh_token) = desk.start_family(&approval.principal);
    desk.books.targets.insert(family, approval.targets);
    // If the code is sent again, this family is revoked.
    desk.books.codes.gave(code, family);
    desk.books.counters.codes_redeemed += 1;
    let issued = desk.issue_in_family(family, LIFETIME);
    Ok(answer(desk, variant, &issued, Some(refresh_token)))
}

/// Refreshes. The refresh token stays valid, and the answer does not repeat it.
fn refresh(desk: &mut Desk<'_>, variant: Variant, fields: &Fields) -> Result<Granted, Refused> {
    let family = desk
        .books
        .lasting_tokens
        .family(fields.require("refresh_token")?)
        .ok_or_else(|| Refused::invalid_grant("the refresh token is unknown or revoked"))?;
    if let Some(granted) = desk.books.targets.get(&family) {
        Refused::unless_within(granted, &fields.targets)?;
    }
    let issued = desk.issue_in_family(family, LIFETIME);
    Ok(Granted { for_refresh_token: true, ..answer(desk, variant, &issued, None) })
}

fn answer(desk: &Desk<'_>, variant: Variant, issued: &Issued, refresh_token: Option<String>) -> Granted {
    let seconds = issued.lifetime.as_secs();
    let (mut body, name) = match variant {
        Variant::Main => (
            json!({
                "access_token": issued.value,
                "token_type": "Bearer",
                "expires_in": seconds,
            }),
            "refresh_token",
        ),
        Variant::Other => {
            let initiated = unix_seconds(desk.now);
            (
                json!({
                    "token": issued.value,
                    "tokenType": "Bearer",
                    "initiated": initiated,
                    "expires": initiated.saturating_add(seconds),
                    "expiresIn": seconds,
                }),
                "refreshToken",
            )
        }
    };
    if let Some(refresh_token) = refresh_token {
        body[name] = refresh_token.into();
    }
    Granted::new(body, issued.ordinal)
}

enum Grant {
    Client,
    Code,
    Refresh,
}

/// Returns the grant. The older endpoint has no grant types, but accepts the one that clients send.
fn grant_type(variant: Variant, fields: &Fields) -> Result<Grant, Refused> {
    match (variant, fields.get("grant_type")) {
        (_, Some("client_credentials")) | (Variant::Other, None) => Ok(Grant::Client),
        (_, Some("authorization_code")) => Ok(Grant::Code),
        (_, Some("refresh_token")) => Ok(Grant::Refresh),
        (Variant::Main, None) => Err(Refused::malformed("grant_type is missing")),
        (_, Some(_)) => Err(Refused::unsupported_grant()),
    }
}

fn unix_seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
