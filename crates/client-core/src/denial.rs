//! What an API says is missing, where the token itself is good.

use std::time::Duration;

use auth_layer::challenge;
use http::{HeaderMap, StatusCode};

/// What an API's challenge says is missing. A new token of the same kind would not help.
///
/// It comes from [`Error::denial`](crate::Error::denial).
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
    /// The token's scope does not reach (`insufficient_scope`, RFC 6750 section 3.1).
    #[non_exhaustive]
    Scope {
        /// The scope that would, if the API names it.
        scope: Option<String>,
    },
    /// The person has to sign in more strongly or more recently (`insufficient_user_authentication`, RFC 9470
    /// section 3).
    #[non_exhaustive]
    Authentication {
        /// The authentication context classes that would do, apart by spaces.
        acr_values: Option<String>,
        /// How long ago the sign-in may have been.
        max_age: Option<Duration>,
    },
}

impl Denial {
    /// Reads a 401 or 403 through its challenges.
    pub(crate) fn read(status: StatusCode, headers: &HeaderMap) -> Option<Self> {
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
