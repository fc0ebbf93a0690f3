//! GoTo: a device asks for a code (RFC 8628 section 3.1).
//!
//! GoTo does not offer this. It is off by default, and is here to test tools.

use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use serde_json::json;

use super::outcome::Refused;
use super::request::Fields;
use crate::observe::TokenRefusal;
use crate::reply::Reply;
use crate::state::Desk;
use crate::token::{DEVICE_CODE_LIFETIME, POLL_INTERVAL, scopes};

/// Issues a device code. `page` is the URL at which the person types the user code.
pub(super) fn authorize(desk: &mut Desk<'_>, fields: &Fields, page: &str) -> Result<Reply, Refused> {
    let scopes = scopes(fields.get("scope").filter(|scope| !scope.is_empty())).ok_or_else(|| {
        Refused::new(StatusCode::BAD_REQUEST, TokenRefusal::Scope, "invalid_scope", "a scope is unknown")
    })?;
    if !fields.targets.are_valid() {
        return Err(Refused::new(
            StatusCode::BAD_REQUEST,
            TokenRefusal::InvalidTarget,
            "invalid_target",
            "a resource is not an absolute URI without a fragment",
        ));
    }
    let books = &mut *desk.books;
    let device_code = books.random.alphanumeric(64);
    let user_code = books.random.user_code();
    let (scope, targets) = (scopes.join(" "), fields.targets.clone());
    books.device_codes.enter(device_code.clone(), user_code.clone(), scope, targets, desk.now);
    books.counters.device_codes_issued += 1;
    let body = json!({
        "device_code": device_code,
        "user_code": user_code,
        "verification_uri": page,
        "verification_uri_complete": format!("{page}?user_code={user_code}"),
        "expires_in": DEVICE_CODE_LIFETIME.as_secs(),
        "interval": POLL_INTERVAL.as_secs(),
    });
    Ok(Reply::json(StatusCode::OK, body).with_header(CACHE_CONTROL, "no-store"))
}
