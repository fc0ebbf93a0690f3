//! How a token request is written.

use std::borrow::Cow;

/// How the parameters of a token request are written into its body.
///
/// ```
/// use auth_layer::Encoding;
///
/// assert_eq!(Encoding::Json.media_type(), "application/json");
/// assert_eq!(Encoding::Json.other(), Encoding::Form);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encoding {
    /// `application/x-www-form-urlencoded`, as RFC 6749 appendix B has it.
    Form,
    /// A JSON object of strings, as GoTab and Octotable have it.
    Json,
}

impl Encoding {
    /// The media type of such a body.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Form => "application/x-www-form-urlencoded",
            Self::Json => "application/json",
        }
    }

    /// The one that is not this one.
    pub const fn other(self) -> Self {
        match self {
            Self::Form => Self::Json,
            Self::Json => Self::Form,
        }
    }
}

/// How the client says who it is (RFC 6749 section 2.3). A request carries exactly one of these.
///
/// ```
/// use auth_layer::ClientAuth;
///
/// let gotab = ClientAuth::body_named("api_access_id", "api_access_secret");
/// assert_ne!(gotab, ClientAuth::body());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientAuth {
    /// A Basic header of id and secret, each form-encoded first (RFC 6749 section 2.3.1).
    Basic,
    /// A Basic header of id and secret as they are, for servers that decode nothing.
    BasicRaw,
    /// Id and secret in the body, under these names.
    Body {
        /// The parameter that holds the id.
        id: Cow<'static, str>,
        /// The parameter that holds the secret.
        secret: Cow<'static, str>,
    },
    /// None: a public client that only names itself, with `client_id` in the body
    /// (RFC 6749 section 3.2.1).
    Public,
}

impl ClientAuth {
    /// Id and secret in the body as `client_id` and `client_secret`.
    pub const fn body() -> Self {
        Self::body_named("client_id", "client_secret")
    }

    /// Id and secret in the body, under names of the provider's own.
    pub const fn body_named(id: &'static str, secret: &'static str) -> Self {
        Self::Body { id: Cow::Borrowed(id), secret: Cow::Borrowed(secret) }
    }
}
