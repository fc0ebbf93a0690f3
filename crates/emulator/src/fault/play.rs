//! Plays a fault: in place of an answer, or by spoiling one.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{
    CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use axum::http::{Response, StatusCode};
use serde_json::{Map, Value, json};

use super::fault::Fault;
use super::malformed::{
    EXPIRES_IN, Malformed, TOKEN_TYPE, up_to_member, with_duplicates, with_member, without_member,
};
use super::script::{self, Step};
use crate::reply::Reply;

/// Marks a response that is not to be sent: the server closes the connection in its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hangup;

/// Plays a fault that replaces the answer. Returns `None` if the request is to be handled, perhaps after a delay.
///
/// `complain` gives the provider's own body for a status, and `carried` the secrets that came with the request.
pub(crate) async fn instead(
    fault: &Fault,
    complain: impl FnOnce(StatusCode) -> Reply,
    carried: impl FnOnce() -> String,
) -> Option<Response<Body>> {
    let reply = match fault {
        Fault::Status { code, body, headers } => return Some(exactly(*code, body, headers)),
        Fault::Unauthorized { challenge } => {
            complain(StatusCode::UNAUTHORIZED).with_optional_header(WWW_AUTHENTICATE, challenge.as_deref())
        }
        Fault::Forbidden(body) => return Some(exactly(403, body, &[])),
        Fault::UnsupportedMediaType => complain(StatusCode::UNSUPPORTED_MEDIA_TYPE),
        Fault::RateLimited { retry_after } => {
            let seconds = retry_after.map(|after| after.as_secs().to_string());
            complain(StatusCode::TOO_MANY_REQUESTS).with_optional_header(RETRY_AFTER, seconds.as_deref())
        }
        Fault::Echo { code } => return Some(exactly(*code, &echo(&carried()), &[])),
        Fault::Unavailable => complain(StatusCode::SERVICE_UNAVAILABLE),
        Fault::Delay(pause) => {
            tokio::time::sleep(*pause).await;
            return None;
        }
        // The request ends only when the client closes the connection or the emulator is dropped.
        Fault::Hang => std::future::pending().await,
        Fault::DropConnection => return Some(hangup()),
        Fault::CutOff { .. } | Fault::Malformed(_) | Fault::LoseAnswer => return None,
    };
    Some(reply.into_response())
}

/// Spoils an answer, if this fault is one of those that do.
pub(crate) async fn upon(fault: &Fault, response: Response<Body>) -> Response<Body> {
    if *fault == Fault::LoseAnswer {
        return hangup();
    }
    if !matches!(fault, Fault::CutOff { .. } | Fault::Malformed(_)) {
        return response;
    }
    let (mut head, body) = response.into_parts();
    // The spoilt body has another length, or none that is known.
    head.headers.remove(CONTENT_LENGTH);
    // Our own answers are whole in memory, so reading one back cannot fail.
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let body = match fault {
        Fault::CutOff { after_bytes } => cut_off(&bytes, *after_bytes),
        Fault::Malformed(how) => {
            if let Some(media_type) = media_type(how) {
                head.headers.insert(CONTENT_TYPE, media_type);
            }
            spoil(how, bytes)
        }
        _ => Body::from(bytes),
    };
    Response::from_parts(head, body)
}

fn hangup() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Hangup);
    response
}

fn exactly(code: u16, body: &str, headers: &[(String, String)]) -> Response<Body> {
    let mut response = Response::builder().status(code).header(CONTENT_TYPE, "application/json");
    if let Some(fields) = response.headers_mut() {
        for (name, value) in headers {
            let (Ok(name), Ok(value)) =
                (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value))
            else {
                return unplayable();
            };
            // A field given twice is sent twice; only our own default gives way.
            if name == CONTENT_TYPE {
                fields.insert(name, value);
            } else {
                fields.append(name, value);
            }
        }
    }
    match response.body(Body::from(body.to_owned())) {
        // hyper cannot send an informational status as the final answer.
        Ok(response) if code >= 200 => response,
        _ => unplayable(),
    }
}

fn echo(carried: &str) -> String {
    let message = format!("cannot be served: {carried}");
    json!({"error": "invalid_request", "message": message, "error_description": message}).to_string()
}

fn unplayable() -> Response<Body> {
    let mut response = Response::new(Body::from("this fault cannot be sent"));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}

fn cut_off(bytes: &Bytes, after: usize) -> Body {
    let sent = bytes.slice(..after.min(bytes.len()));
    // The pause lets the server write what it has before it meets the error.
    let ending = [Step::Pause(FLUSH_PAUSE), Step::Break];
    let sent = (!sent.is_empty()).then_some(Step::Send(sent));
    script::body(sent.into_iter().chain(ending))
}

fn spoil(how: &Malformed, bytes: Bytes) -> Body {
    match how {
        Malformed::NotJson => Body::from("access_token: none of this is JSON"),
        Malformed::Html => Body::from("<!doctype html><title>Maintenance</title><h1>We will be back</h1>"),
        Malformed::Empty => Body::empty(),
        Malformed::Huge(len) => huge(*len),
        Malformed::Trickle { pause } => script::body((0..bytes.len()).flat_map(|at| {
            let byte = bytes.slice(at..=at);
            [Step::Pause(*pause), Step::Send(byte)]
        })),
        Malformed::DuplicateMembers => rewrite(bytes, with_duplicates),
        // A stream has no known length, so hyper sends it in chunks.
        Malformed::Chunked => script::body([Step::Send(bytes)]),
        Malformed::Member { name, value } => rewrite(bytes, |members| with_member(members, &[name], value)),
        Malformed::Without(name) => rewrite(bytes, |members| without_member(members, name)),
        Malformed::EndsAfter(name) => rewrite(bytes, |members| up_to_member(members, name)),
        Malformed::TokenType(name) => {
            let text = Value::String(name.clone()).to_string();
            rewrite(bytes, |members| with_member(members, TOKEN_TYPE, &text))
        }
        Malformed::ExpiresIn(text) => rewrite(bytes, |members| with_member(members, EXPIRES_IN, text)),
    }
}

fn rewrite(bytes: Bytes, write: impl FnOnce(&Map<String, Value>) -> String) -> Body {
    match serde_json::from_slice::<Map<String, Value>>(&bytes) {
        Ok(members) => Body::from(write(&members)),
        Err(_) => Body::from(bytes),
    }
}

fn huge(len: usize) -> Body {
    let chunk = Bytes::from(vec![b'a'; CHUNK]);
    let steps = std::iter::once(Step::Send(Bytes::from_static(b"{\"padding\":\"")))
        .chain((0..len.div_ceil(CHUNK)).map(move |_| Step::Send(chunk.clone())))
        .chain([Step::Send(Bytes::from_static(b"\"}"))]);
    script::body(steps)
}

fn media_type(how: &Malformed) -> Option<HeaderValue> {
    match how {
        Malformed::Html => Some(HeaderValue::from_static("text/html; charset=utf-8")),
        _ => None,
    }
}

// Long enough for a write to loopback, and not noticeable in a test.
const FLUSH_PAUSE: Duration = Duration::from_millis(1);
// A common size of a read buffer.
const CHUNK: usize = 16 * 1024;
