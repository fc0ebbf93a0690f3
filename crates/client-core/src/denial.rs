//! `Denial`: what an API asks for if the token is valid but not sufficient.

use std::time::Duration;

use auth_layer::authorize::challenge;
use http::{HeaderMap, StatusCode};

/// The requirement in an API's challenge that the token does not meet. A new token of the same kind would not help.
///
/// [`Error::denial`](crate::Error::denial) returns it.
///
/// ```
/// use client_core::{Denial, Error};
///
/// fn explain<E>(error: &Error<E>) -> Option<String> {
///     match error.denial()? {
///         Denial::Scope { scope, .. } => Some(format!("ask for the scope {}", scope.unwrap_or_default())),
///         Denial::Authentication { .. } => Some("sign in with a second factor".to_owned()),
///         _ => None,
///     }
/// }
/// # let _ = explain::<()>;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Denial {
    /// The token's scope is not sufficient (`insufficient_scope`, RFC 6750 section 3.1).
    #[non_exhaustive]
    Scope {
        /// The scope that the call needs, if the API names it.
        scope: Option<String>,
    },
    /// The person has to sign in again, for example with a second factor (`insufficient_user_authentication`, RFC 9470
    /// section 3).
    #[non_exhaustive]
    Authentication {
        /// The authentication context classes that the API accepts, separated by spaces.
        acr_values: Option<String>,
        /// The maximum age of the sign-in.
        max_age: Option<Duration>,
    },
}

impl Denial {
    /// Reads the Bearer challenges of a 401 or 403.
    pub(crate) fn read(status: StatusCode, headers: &HeaderMap) -> Option<Self> {
        // RFC 6750 sends `insufficient_scope` with a 403, RFC 9470 its error with a 401.
        if status != StatusCode::UNAUTHORIZED && status != StatusCode::FORBIDDEN {
            return None;
        }
        challenge::parse(headers).iter().filter(|challenge| challenge.is("bearer")).find_map(|bearer| {
            let parameter = |name| bearer.parameter(name).map(str::to_owned);
            match bearer.error()? {
                "insufficient_scope" => Some(Self::Scope { scope: parameter("scope") }),
                "insufficient_user_authentication" => Some(Self::Authentication {
                    acr_values: parameter("acr_values"),
                    max_age: parameter("max_age").and_then(|age| age.parse().ok()).map(Duration::from_secs),
                }),
                _ => None,
            }
        })
    }
}
