//! GoTo: a client revokes tokens (RFC 7009).

use axum::http::StatusCode;

use super::outcome::Refused;
use super::request::Fields;
use crate::reply::Reply;
use crate::state::Desk;
use crate::token::{RefreshTokens, Standing};

/// Revokes a token. A refresh token revokes the access tokens of its sign-in as well. An unknown token counts as
/// revoked. The hint is not used, so a wrong one does no harm.
pub(super) fn revoke(desk: &mut Desk<'_>, fields: &Fields) -> Result<Reply, Refused> {
    let token = fields.require("token")?;
    desk.books.counters.revocations += 1;
    desk.books.counters.tokens_revoked += u64::from(end(desk, token));
    Ok(Reply::empty(StatusCode::OK))
}

/// Ends a token. Returns whether it was valid until then.
fn end(desk: &mut Desk<'_>, token: &str) -> bool {
    let current = desk.books.refresh_tokens.as_ref().filter(|tokens| tokens.current() == Some(token));
    if let Some(family) = current.map(RefreshTokens::family) {
        desk.end_family(family);
        return true;
    }
    match desk.books.tokens.look_up(token, desk.now) {
        Some((ordinal, Standing::Good(_))) => desk.books.tokens.end(ordinal, Standing::Revoked),
        _ => false,
    }
}
