//! The common part of all token endpoints, around each provider's own rules.

use axum::http::header::{ALLOW, AUTHORIZATION, CACHE_CONTROL};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};

use super::outcome::{Granted, Refused};
use super::paths::{Variant, variant};
use super::request::{Fields, TokenRequest};
use super::{gbg_go, gotab, goto, goto_device, goto_revocation, octotable};
use crate::demand::Demand;
use crate::observe::TokenRefusal;
use crate::provider::Provider;
use crate::reply::Reply;
use crate::state::Desk;
use crate::voice;

/// Answers one request to the auth host, and counts the result.
pub(crate) fn answer(desk: &mut Desk<'_>, head: &Parts, body: &[u8]) -> Reply {
    match decide(desk, head, body) {
        Ok(granted) => {
            let counters = &mut desk.books.counters;
            counters.tokens_issued += 1;
            counters.refreshes += u64::from(granted.for_refresh_token);
            counters.rotations += u64::from(granted.rotated);
            // The log shows which token this answer issued, without its text.
            desk.note_token(granted.ordinal);
            Reply::json(StatusCode::OK, granted.body).with_header(CACHE_CONTROL, "no-store")
        }
        Err(refused) => refuse(desk, &refused),
    }
}

/// Answers one request to revoke a token. GoTo only.
pub(crate) fn revoke(desk: &mut Desk<'_>, head: &Parts, body: &[u8]) -> Reply {
    let done = beside(desk, head, body).and_then(|fields| goto_revocation::revoke(desk, &fields));
    done.unwrap_or_else(|refused| refuse(desk, &refused))
}

/// Answers one request for a device code, if they are switched on. The person types the user code at `page`. GoTo only.
pub(crate) fn authorize_device(desk: &mut Desk<'_>, head: &Parts, body: &[u8], page: &str) -> Reply {
    let done = match desk.books.switches.device_sign_in {
        true => beside(desk, head, body).and_then(|fields| goto_device::authorize(desk, &fields, page)),
        false => Err(not_found()),
    };
    done.unwrap_or_else(|refused| refuse(desk, &refused))
}

/// Returns the fields of a request for a revocation or a device code. The client authenticates as at the token
/// endpoint.
fn beside(desk: &Desk<'_>, head: &Parts, body: &[u8]) -> Result<Fields, Refused> {
    check_head(head)?;
    goto::fields(desk, &TokenRequest::new(Variant::Main, head, body))
}

/// Refuses a request to the auth host because of how it was sent.
pub(crate) fn refuse_unmet(desk: &mut Desk<'_>, demand: Demand) -> Reply {
    let reason = match demand {
        Demand::Unchunked => TokenRefusal::Chunked,
        Demand::Length => TokenRefusal::NoLength,
        Demand::UserAgent => TokenRefusal::NoUserAgent,
    };
    refuse(desk, &Refused::new(demand.status(), reason, "invalid_request", demand.description()))
}

fn refuse(desk: &mut Desk<'_>, refused: &Refused) -> Reply {
    desk.books.counters.refuse(refused.reason);
    let body = voice::token_error(desk.provider, refused.status, refused.error, &refused.description);
    // RFC 9110 section 15.5.6 requires `Allow` with a 405.
    let allow = (refused.reason == TokenRefusal::Method).then_some("POST");
    Reply::json(refused.status, body).with_optional_header(ALLOW, allow)
}

fn decide(desk: &mut Desk<'_>, head: &Parts, body: &[u8]) -> Result<Granted, Refused> {
    let Some(variant) = variant(desk.provider, head.uri.path()) else {
        return Err(not_found());
    };
    check_head(head)?;
    let request = TokenRequest::new(variant, head, body);
    match desk.provider {
        Provider::GoTab => gotab::grant(desk, &request),
        Provider::GoTo => goto::grant(desk, &request),
        Provider::GbgGo => gbg_go::grant(desk, &request),
        Provider::Octotable => octotable::grant(desk, &request),
    }
}

/// Makes the checks that are the same at all endpoints and do not need the body.
fn check_head(head: &Parts) -> Result<(), Refused> {
    if head.method != Method::POST {
        return Err(Refused::new(
            StatusCode::METHOD_NOT_ALLOWED,
            TokenRefusal::Method,
            "method_not_allowed",
            "the token endpoint takes POST only",
        ));
    }
    // RFC 6749 section 2.3.1 forbids credentials in the URL, because servers write URLs to logs.
    if has_credentials_in_query(head) {
        return Err(Refused {
            reason: TokenRefusal::CredentialsInQuery,
            ..Refused::malformed("credentials must not be in the query")
        });
    }
    if head.headers.get_all(AUTHORIZATION).iter().count() > 1 {
        return Err(Refused::double_authentication());
    }
    Ok(())
}

fn not_found() -> Refused {
    Refused::new(StatusCode::NOT_FOUND, TokenRefusal::NotFound, "not_found", "there is nothing at this path")
}

fn has_credentials_in_query(head: &Parts) -> bool {
    let query = head.uri.query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).any(|(name, _)| CREDENTIALS.contains(&name.as_ref()))
}

// Every parameter that is a secret or proves an identity, at any of the providers.
const CREDENTIALS: [&str; 11] = [
    "client_id",
    "client_secret",
    "api_access_id",
    "api_access_secret",
    "refresh_token",
    "pat",
    "access_token",
    "code",
    "code_verifier",
    "device_code",
    "token",
];
