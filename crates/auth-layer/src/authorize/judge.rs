//! Decides whether a response rejects the token.

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};

use super::body::PEEK_LIMIT;
use super::challenge::{self, Challenge};
use super::operation::Operation;
use super::rules::Rules;
use crate::operation::OperationMeta;
use crate::profile::document;

/// The verdict of a response's head about the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// The token was not rejected.
    Accepted,
    /// The token was rejected.
    Rejected,
    /// The body decides.
    LookInside,
    /// The first frame of a gRPC response decides: it may be the trailers.
    LookForTrailers,
}

impl Rules {
    /// Returns whether a response with this status has to be judged at all. It is called for every response, so it is
    /// cheap.
    #[inline]
    pub(super) fn concerns(&self, operation: Operation, status: StatusCode) -> bool {
        status.as_u16() >= 400 || self.signs_in_success && self.may_hold_sign(operation, status)
    }

    /// Judges by the head alone. `call` is `None` unless this is a gRPC call. Then it says whether the request was sent
    /// completely.
    pub(super) fn judge_response(
        &self,
        operation: Operation,
        call: Option<bool>,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Judgement {
        match call {
            Some(is_whole) if status == StatusCode::OK => {
                // If the request is still being sent, the caller gets the head at once. The server may wait for the
                // rest of the request, and both sides would block.
                let unknown = if is_whole { Judgement::LookForTrailers } else { Judgement::Accepted };
                self.judge_call(headers).unwrap_or(unknown)
            }
            _ => self.judge(operation, status, headers),
        }
    }

    fn judge(&self, operation: Operation, status: StatusCode, headers: &HeaderMap) -> Judgement {
        if status == StatusCode::UNAUTHORIZED && self.rejects(headers) {
            Judgement::Rejected
        } else if self.may_hold_sign(operation, status) && is_readable(status, headers) {
            Judgement::LookInside
        } else {
            Judgement::Accepted
        }
    }

    /// Judges by the status and the complete body.
    pub(super) fn is_sign(&self, operation: Operation, status: StatusCode, body: &[u8]) -> bool {
        let id = operation.map(OperationMeta::id);
        document(body).is_some_and(|document| {
            self.signs.iter().any(|sign| sign.applies_to(status, id) && sign.is_in_document(&document))
        })
    }

    fn may_hold_sign(&self, operation: Operation, status: StatusCode) -> bool {
        let id = operation.map(OperationMeta::id);
        self.signs.iter().any(|sign| sign.applies_to(status, id))
    }

    /// Returns whether the challenges of a 401 say that the token is bad (RFC 6750 section 3.1).
    pub(super) fn rejects(&self, headers: &HeaderMap) -> bool {
        let mut challenges = challenge::parse(headers);
        if challenges.is_empty() {
            // Many servers send no challenge, or one that cannot be read. The 401 alone then counts.
            return true;
        }
        // Challenges of other schemes count only if there is no Bearer challenge.
        if challenges.iter().any(is_bearer) {
            challenges.retain(is_bearer);
        } else if !self.other_schemes_reject {
            return false;
        }
        let says = |codes: &[&str]| {
            challenges.iter().filter_map(Challenge::error).any(|error| codes.contains(&error))
        };
        says(&["invalid_token"]) || !says(&TOKEN_IS_GOOD)
    }
}

fn is_bearer(challenge: &Challenge) -> bool {
    challenge.is("bearer")
}

/// Returns whether the body is worth reading, judged by the head.
fn is_readable(status: StatusCode, headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let is_long = text(CONTENT_LENGTH)
        .is_some_and(|length| length.parse().is_ok_and(|length: u64| length > PEEK_LIMIT as u64));
    let is_encoded = headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"));
    // A caller must get a stream without delay. The body of an error is short, whatever its media type is.
    let is_stream = status.as_u16() < 400
        && text(CONTENT_TYPE).is_some_and(|media| STREAMS.iter().any(|kind| begins_with(media, kind)));
    !is_long && !is_encoded && !is_stream
}

fn begins_with(text: &str, beginning: &str) -> bool {
    text.get(..beginning.len()).is_some_and(|text| text.eq_ignore_ascii_case(beginning))
}

/// The error codes that say that the token is good and something else is wrong.
const TOKEN_IS_GOOD: [&str; 3] =
    ["insufficient_scope", "insufficient_user_authentication", "invalid_request"];

/// The beginnings of media types that are not a single JSON document. Their bodies arrive over time, or are large.
const STREAMS: [&str; 10] = [
    "text/event-stream",
    "multipart/",
    "image/",
    "audio/",
    "video/",
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/json-seq",
    "application/grpc",
];
