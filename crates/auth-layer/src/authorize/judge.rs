//! Decides whether a response rejects the token.

use http::{HeaderMap, StatusCode};

use super::challenge;
use super::layer::Rules;

/// What a response's head says of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// Nothing: the response is the caller's.
    Accepted,
    /// It was rejected.
    Rejected,
    /// The body has to be looked at.
    LookInside,
}

impl Rules {
    /// Judges by the head alone. This is on the path of every response.
    pub(super) fn judge(&self, status: StatusCode, headers: &HeaderMap) -> Judgement {
        if status.as_u16() < 400 {
            Judgement::Accepted
        } else if status == StatusCode::UNAUTHORIZED && rejects(headers) {
            Judgement::Rejected
        } else if self.signs.iter().any(|sign| sign.status() == status) {
            Judgement::LookInside
        } else {
            Judgement::Accepted
        }
    }

    /// Judges by the head and the beginning of the body.
    pub(super) fn is_sign(&self, status: StatusCode, body: &[u8]) -> bool {
        self.signs.iter().any(|sign| sign.is_in(status, body))
    }
}

/// Reads a 401 through its challenges (RFC 6750 section 3.1).
fn rejects(headers: &HeaderMap) -> bool {
    let challenges = challenge::parse(headers);
    if challenges.is_empty() {
        // No challenge, or none that can be read: plenty of servers send none.
        return true;
    }
    challenges.iter().filter(|challenge| challenge.is("bearer")).any(|bearer| {
        // These say that the token is good, and that something else is wrong.
        !matches!(
            bearer.parameter("error"),
            Some("insufficient_scope" | "insufficient_user_authentication" | "invalid_request")
        )
    })
}
