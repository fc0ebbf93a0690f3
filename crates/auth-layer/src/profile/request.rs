//! The encoding and the client authentication of token requests.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// The encoding of the parameters in the body of a token request.
///
/// ```
/// use auth_layer::Encoding;
///
/// assert_eq!(Encoding::Json.media_type(), "application/json");
/// assert_eq!(Encoding::Json.other(), Encoding::Form);
/// ```
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Encoding {
    /// `application/x-www-form-urlencoded` (RFC 6749 appendix B).
    Form,
    /// A JSON object of strings, which some providers take.
    Json,
}

impl Encoding {
    /// Returns the media type of a body with this encoding.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Form => "application/x-www-form-urlencoded",
            Self::Json => "application/json",
        }
    }

    /// Returns the other encoding.
    pub const fn other(self) -> Self {
        match self {
            Self::Form => Self::Json,
            Self::Json => Self::Form,
        }
    }
}

/// The way a client authenticates (RFC 6749 section 2.3). A request uses exactly one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientAuth {
    /// A Basic header of the form-encoded id and secret (RFC 6749 section 2.3.1).
    Basic,
    /// A Basic header of the id and the secret without form encoding, for servers that do not decode them.
    BasicRaw,
    /// The id and the secret in the body, under these names.
    Body {
        /// The parameter that holds the id.
        id: Cow<'static, str>,
        /// The parameter that holds the secret.
        secret: Cow<'static, str>,
    },
    /// No authentication. A public client sends only its `client_id`, in the body (RFC 6749 section 3.2.1).
    Public,
}

impl ClientAuth {
    /// Returns the authentication with `client_id` and `client_secret` in the body.
    pub fn body() -> Self {
        Self::body_named("client_id", "client_secret")
    }

    /// Returns the authentication with the id and the secret in the body, under the provider's own names.
    pub fn body_named(id: impl Into<Cow<'static, str>>, secret: impl Into<Cow<'static, str>>) -> Self {
        Self::Body { id: id.into(), secret: secret.into() }
    }
}
