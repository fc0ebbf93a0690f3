//! GBG GO: a form that contains the credentials, and a mandatory scope.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::json;

use super::outcome::{Granted, Refused};
use super::request::TokenRequest;
use crate::observe::TokenRefusal;
use crate::state::Desk;
use crate::switches::TokenEncoding;

/// The lifetime of a token: an hour.
const LIFETIME: Duration = Duration::from_secs(3600);

/// The only scope.
const SCOPE: &str = "gbg.token";

pub(super) fn grant(desk: &mut Desk<'_>, request: &TokenRequest<'_>) -> Result<Granted, Refused> {
    if !request.is_in(TokenEncoding::Form) {
        return Err(Refused {
            reason: TokenRefusal::Encoding,
            ..Refused::malformed("the body must be application/x-www-form-urlencoded")
        });
    }
    let fields = request.fields(TokenEncoding::Form)?;
    if request.has_authorization() {
        let refused = Refused::client_authentication(StatusCode::UNAUTHORIZED);
        return Err(match fields.get("client_secret") {
            Some(_) => Refused { reason: Refused::double_authentication().reason, ..refused },
            None => refused,
        });
    }
    if fields.require("grant_type")? != "client_credentials" {
        return Err(Refused::unsupported_grant());
    }
    let id = fields.require("client_id")?;
    let secret = fields.require("client_secret")?;
    if fields.get("scope") != Some(SCOPE) {
        return Err(Refused::new(
            StatusCode::BAD_REQUEST,
            TokenRefusal::Scope,
            "invalid_scope",
            "the scope must be gbg.token",
        ));
    }
    if !desk.books.credentials.matches(id, secret) {
        return Err(Refused::credentials(StatusCode::UNAUTHORIZED));
    }
    let issued = desk.issue(LIFETIME);
    let body = json!({
        "access_token": issued.value,
        "token_type": "Bearer",
        "expires_in": issued.lifetime.as_secs(),
    });
    Ok(Granted::new(body, issued.ordinal))
}
