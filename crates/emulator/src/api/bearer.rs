//! The bearer token of a call, and whether an operation accepts it.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;

use crate::document::Operation;
use crate::observe::Rejection;
use crate::state::Desk;
use crate::token::Standing;
use crate::voice::Problem;

/// Returns the bearer token in the `Authorization` header, if there is one.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let header = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = header.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    (is_bearer && !token.trim().is_empty()).then(|| token.trim())
}

/// Checks that the operation accepts the token.
pub(super) fn check(
    desk: &Desk<'_>,
    operation: &Operation,
    headers: &HeaderMap,
) -> Result<(), (Rejection, Problem)> {
    if operation.audiences.is_empty() {
        return Ok(());
    }
    let token = bearer(headers).ok_or((Rejection::MissingToken, Problem::MissingToken))?;
    let rejection = match desk.books.tokens.look_up(token, desk.now) {
        None => Rejection::UnknownToken,
        Some((_, Standing::Expired)) => Rejection::ExpiredToken,
        Some((_, Standing::Revoked)) => Rejection::RevokedToken,
        Some((_, Standing::Good(audience))) if operation.audiences.contains(&audience) => {
            return Ok(());
        }
        Some((_, Standing::Good(_))) => Rejection::WrongKindOfToken,
    };
    Err((rejection, Problem::BadToken))
}
