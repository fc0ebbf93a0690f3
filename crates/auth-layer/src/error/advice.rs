//! General advice about a failure, for where the application gave none.

use std::error::Error as StdError;

use http::StatusCode;

use super::connection::{Obstacle, obstacle};
use super::kind::ErrorKind;
use super::oauth::OAuthError;

/// Returns what to do about a failure, by the OAuth error code, the status or the cause. `None` if that is not known.
pub(super) fn general(
    kind: ErrorKind,
    status: Option<StatusCode>,
    oauth: Option<&OAuthError>,
    cause: Option<&(dyn StdError + 'static)>,
) -> Option<&'static str> {
    match kind {
        // A server in trouble may send any code, so its status comes first.
        ErrorKind::Refused | ErrorKind::Metadata | ErrorKind::SignInFailed
            if status.is_some_and(is_trouble) =>
        {
            Some("the server is in trouble; try again later")
        }
        ErrorKind::SignInFailed if oauth.is_none() => Some("start the sign-in again"),
        ErrorKind::Refused | ErrorKind::SignInFailed => by_code(oauth?.code(), kind),
        // The source of an application may have made a connection as well.
        ErrorKind::Transport | ErrorKind::Metadata | ErrorKind::Source => Some(match obstacle(cause?)? {
            Obstacle::UnknownHost => "check the host name in the URL, and that DNS works on this machine",
            Obstacle::Refused => "check the host and the port in the URL, and that the server is running",
            Obstacle::Certificate => {
                "check the host name in the URL; if the name is right, add the server's certificate authority to the \
                 certificates that the operating system trusts"
            }
        }),
        ErrorKind::Timeout => {
            Some("try again later; if that does not help, look for a firewall that drops packets")
        }
        _ => None,
    }
}

/// RFC 6749 sections 4.1.2.1 and 5.2. Some servers write the codes in upper case.
fn by_code(code: &str, kind: ErrorKind) -> Option<&'static str> {
    Some(match code.to_ascii_lowercase().as_str() {
        "invalid_client" => "check the client's id and secret, and how the client authenticates",
        "unauthorized_client" => {
            "the server does not allow this client to use this grant; allow it there, or use another client"
        }
        "invalid_scope" => "ask for a scope that the server offers to this client",
        "invalid_grant" if kind == ErrorKind::Refused => {
            "the server does not accept what was traded for a token; it is used up, expired, or for another client"
        }
        "invalid_request" => "check the token URL, the encoding and how the client authenticates",
        "unsupported_grant_type" => {
            "the server does not offer this grant; use another one, or check the token URL"
        }
        "access_denied" => "the person or the server refused; sign in again and allow the access",
        "server_error" | "temporarily_unavailable" => "the server is in trouble; try again later",
        _ => return None,
    })
}

fn is_trouble(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
}
