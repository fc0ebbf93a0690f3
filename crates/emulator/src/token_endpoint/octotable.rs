//! Octotable: JSON at the endpoint that its first document names, a form at the newer one, and `type` for `token_type`.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::json;

use super::outcome::{Granted, Refused};
use super::paths::Variant;
use super::request::TokenRequest;
use crate::observe::TokenRefusal;
use crate::state::Desk;
use crate::switches::TokenEncoding;

/// The lifetime of a token. The documentation says 1440 without a unit; this takes it as seconds.
const LIFETIME: Duration = Duration::from_secs(1440);

pub(super) fn grant(desk: &mut Desk<'_>, request: &TokenRequest<'_>) -> Result<Granted, Refused> {
    let encoding = match request.variant {
        Variant::Main => desk.books.switches.octotable_encoding.unwrap_or(TokenEncoding::Json),
        Variant::Other => TokenEncoding::Form,
    };
    if !request.is_in(encoding) {
        return Err(Refused::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            TokenRefusal::Encoding,
            "UNSUPPORTED_MEDIA_TYPE",
            "the content type is not supported",
        ));
    }
    let fields = request.fields(encoding)?;
    // Octotable reads the credentials from the body only.
    if request.has_authorization() {
        return Err(match fields.get("client_secret") {
            Some(_) => Refused::double_authentication(),
            None => Refused::client_authentication(StatusCode::UNAUTHORIZED),
        });
    }
    if fields.require("grant_type")? != "client_credentials" {
        return Err(Refused::unsupported_grant());
    }
    let id = fields.require("client_id")?;
    let secret = fields.require("client_secret")?;
    if !desk.books.credentials.matches(id, secret) {
        return Err(Refused::credentials(StatusCode::UNAUTHORIZED));
    }
    let issued = desk.issue(LIFETIME);
    let body = json!({
        "access_token": issued.value,
        "expires_in": issued.lifetime.as_secs(),
        "type": "Bearer",
    });
    Ok(Granted::new(body, issued.ordinal))
}
