//! Tells whether a failed request may succeed later.

use http::StatusCode;

use crate::error::{BoxError, Error, never_connected, was_refused};

/// A failure that may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The server may have acted on the request.
    Sent,
    /// No byte of the request was sent.
    NeverSent,
}

/// Returns whether a status is a failure that may pass (RFC 9110 section 15, RFC 6585 section 4).
pub(super) fn is_trouble(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}

/// Classifies an error of the inner service. `None` means that a retry would not help.
pub(super) fn trouble(error: &BoxError) -> Option<Trouble> {
    // The token manager remembers our own errors and would return them again. A leaf that refused the request because
    // of a mistake in it would refuse it again.
    if Error::find(error.as_ref()).is_some() || was_refused(error.as_ref()) {
        None
    } else if never_connected(error.as_ref()) {
        Some(Trouble::NeverSent)
    } else {
        Some(Trouble::Sent)
    }
}
