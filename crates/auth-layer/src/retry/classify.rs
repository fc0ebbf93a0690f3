//! What an outcome says: whether the same request may have a better one later.

use http::StatusCode;

use crate::error::{BoxError, Error, never_connected, was_refused};

/// Trouble that may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The server may have acted on the request.
    Sent,
    /// No byte of the request was sent.
    NeverSent,
}

/// Whether a response with this status stands for trouble that may pass (RFC 9110 section 15, RFC 6585 section 4).
pub(super) fn is_trouble(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}

/// What an error of the inner service stands for. One of ours never is trouble of this kind: the token manager remembers
/// it, and would answer with it again.
pub(super) fn trouble(error: &BoxError) -> Option<Trouble> {
    if Error::find(error.as_ref()).is_some() || was_refused(error.as_ref()) {
        None
    } else if never_connected(error.as_ref()) {
        Some(Trouble::NeverSent)
    } else {
        Some(Trouble::Sent)
    }
}
