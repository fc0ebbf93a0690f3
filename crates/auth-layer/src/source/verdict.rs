//! Judges by a failed exchange whether the refresh token that was sent is still good.

use http::StatusCode;

use crate::error::{Error, ErrorKind, OAuthError};
use crate::profile::Profile;

/// Whether the server has said no, and so used nothing up. A gateway's word for a server that did not answer in time is no
/// refusal (RFC 9110 sections 15.5.9, 15.6.3 and 15.6.5).
pub(super) fn has_refused(error: &Error) -> bool {
    error.kind() == ErrorKind::Refused
        && error.status().is_some_and(|status| {
            let is_plain = status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT;
            let is_said = status.is_success() || error.oauth().is_some_and(OAuthError::is_standard);
            is_plain || status == StatusCode::SERVICE_UNAVAILABLE || is_said
        })
}

/// Whether the server calls the grant itself dead (RFC 6749 section 5.2), under whichever of its names. A server in trouble
/// is not believed, whatever it says.
pub(super) fn is_dead(error: &Error, profile: &Profile) -> bool {
    !error.is_transient() && error.oauth().is_some_and(|oauth| profile.ends_grant(oauth.code()))
}
