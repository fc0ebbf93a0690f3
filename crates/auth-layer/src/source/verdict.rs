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
            // A redirect grants nothing, and these come from a proxy that the server never saw.
            let is_unreached = status.is_redirection() || UNREACHED.contains(&status.as_u16());
            is_plain || is_unreached || status == StatusCode::SERVICE_UNAVAILABLE || is_said
        })
}

/// Whether the server calls the grant itself dead (RFC 6749 section 5.2), under whichever of its names. A server in trouble
/// is not believed, whatever it says, and neither is a proxy that wants a sign-in of its own.
pub(super) fn is_dead(error: &Error, profile: &Profile) -> bool {
    let is_of_server = error.status().is_none_or(|status| {
        status.is_success()
            || [StatusCode::BAD_REQUEST, StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&status)
    });
    !error.is_transient()
        && is_of_server
        && error.oauth().is_some_and(|oauth| profile.ends_grant(oauth.code()))
}

/// Not implemented and an HTTP version that is not spoken (RFC 9110 sections 15.6.2 and 15.6.6), a network that wants a
/// sign-in (RFC 6585 section 6), and a gateway without a connection to its server (521, 523, 525 and 526).
const UNREACHED: [u16; 7] = [501, 505, 511, 521, 523, 525, 526];
