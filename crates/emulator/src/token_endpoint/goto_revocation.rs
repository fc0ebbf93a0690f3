//! GoTo: tokens taken back at the client's wish (RFC 7009).

use axum::http::StatusCode;

use super::outcome::Refused;
use super::request::Fields;
use crate::reply::Reply;
use crate::site::Desk;
use crate::token::Standing;

/// A refresh token takes the access tokens of its sign-in with it; what is unknown is as good as revoked. The hint is
/// not needed, and a wrong one does no harm.
pub(super) fn revoke(desk: &mut Desk<'_>, fields: &Fields) -> Result<Reply, Refused> {
    let token = fields.require("token")?;
    desk.books.counters.revocations += 1;
    desk.books.counters.tokens_revoked += u64::from(end(desk, token));
    Ok(Reply::empty(StatusCode::OK))
}

/// Ends a token, and says whether it was good until then.
fn end(desk: &mut Desk<'_>, token: &str) -> bool {
    let current = desk.books.refresh_tokens.as_ref().filter(|tokens| tokens.current() == Some(token));
    if let Some(family) = current.map(|tokens| tokens.family()) {
        desk.end_family(family);
        return true;
    }
    match desk.books.tokens.look_up(token, desk.now) {
        Some((ordinal, Standing::Good(_))) => desk.books.tokens.end(ordinal, Standing::Revoked),
        _ => false,
    }
}
