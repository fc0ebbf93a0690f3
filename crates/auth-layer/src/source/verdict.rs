//! Decides from a failed exchange whether the refresh token that was sent is still good.

use http::StatusCode;

use crate::error::{Error, ErrorKind, OAuthError};
use crate::profile::Profile;

/// Returns whether the server has refused the request, so that the token was not used up. The statuses 408, 502 and 504
/// alone are not a refusal: a gateway sends them if the server behind it did not answer (RFC 9110 sections 15.5.9,
/// 15.6.3 and 15.6.5).
pub(super) fn has_refused(error: &Error) -> bool {
    error.kind() == ErrorKind::Refused
        && error.status().is_some_and(|status| {
            let is_plain = status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT;
            // The server itself sends an error in a 2xx answer, or one of the standard codes.
            let is_said = status.is_success() || error.oauth().is_some_and(OAuthError::is_standard);
            // A redirect grants nothing. A request with one of the other statuses never reached the server.
            let is_unreached = status.is_redirection() || UNREACHED.contains(&status.as_u16());
            is_plain || is_unreached || status == StatusCode::SERVICE_UNAVAILABLE || is_said
        })
}

/// Returns whether the server says that the grant has ended (RFC 6749 section 5.2), with any of the error codes that
/// the profile lists for it. The code does not count with another status than 2xx, 400, 401 or 403: the server is then
/// in trouble, or a proxy has answered.
pub(super) fn is_dead(error: &Error, profile: &Profile) -> bool {
    let is_of_server = error.status().is_none_or(|status| {
        status.is_success()
            || [StatusCode::BAD_REQUEST, StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&status)
    });
    !error.is_transient()
        && is_of_server
        && error.oauth().is_some_and(|oauth| profile.ends_grant(oauth.code()))
}

/// The statuses of a request that never reached the server:
///
/// - 501 and 505: the method or the HTTP version is not supported (RFC 9110 sections 15.6.2 and 15.6.6).
/// - 511: the network wants a sign-in (RFC 6585 section 6).
/// - 521, 523, 525 and 526: a gateway has no connection to the server behind it.
const UNREACHED: [u16; 7] = [501, 505, 511, 521, 523, 525, 526];
