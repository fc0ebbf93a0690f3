//! Header fields that a provider adds to every answer of its API.

use std::time::UNIX_EPOCH;

use axum::http::header::HeaderName;

use crate::provider::Provider;
use crate::reply::Reply;
use crate::state::Desk;

pub(super) fn dress(desk: &mut Desk<'_>, reply: Reply) -> Reply {
    match desk.provider {
        Provider::GoTab => {
            let minute = desk.now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() / 60;
            let used = desk.books.calls_in_minute(minute);
            let field = HeaderName::from_static;
            reply
                .with_header(field("x-ratelimit-limit"), &PER_MINUTE.to_string())
                .with_header(field("x-ratelimit-remaining"), &PER_MINUTE.saturating_sub(used).to_string())
                .with_header(field("x-ratelimit-reset"), &((minute + 1) * 60).to_string())
        }
        Provider::GbgGo => {
            let id = desk.books.random.uuid();
            reply.with_header(HeaderName::from_static("x-request-id"), &id)
        }
        Provider::GoTo | Provider::Octotable => reply,
    }
}

/// GoTab's published limit per minute. The answers report it, but it is not enforced: a test injects a 429 when it
/// needs one.
const PER_MINUTE: u64 = 100;
