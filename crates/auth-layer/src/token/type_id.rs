//! The token types that a token exchange sends and receives.

use std::borrow::Cow;
use std::fmt;

/// The type of a token in a token exchange, as a URI (RFC 8693 section 3).
///
/// ```
/// use auth_layer::token::TokenTypeId;
///
/// assert_eq!(TokenTypeId::JWT.as_str(), "urn:ietf:params:oauth:token-type:jwt");
/// let own = TokenTypeId::new("urn:example:token-type:session");
/// assert_ne!(own, TokenTypeId::ACCESS_TOKEN);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TokenTypeId(Cow<'static, str>);

impl TokenTypeId {
    /// An access token that this server issued.
    pub const ACCESS_TOKEN: Self = Self::known("urn:ietf:params:oauth:token-type:access_token");
    /// A refresh token that this server issued.
    pub const REFRESH_TOKEN: Self = Self::known("urn:ietf:params:oauth:token-type:refresh_token");
    /// An ID token of OpenID Connect.
    pub const ID_TOKEN: Self = Self::known("urn:ietf:params:oauth:token-type:id_token");
    /// A JWT from any issuer.
    pub const JWT: Self = Self::known("urn:ietf:params:oauth:token-type:jwt");
    /// A SAML 1.1 assertion in base64url.
    pub const SAML1: Self = Self::known("urn:ietf:params:oauth:token-type:saml1");
    /// A SAML 2.0 assertion in base64url.
    pub const SAML2: Self = Self::known("urn:ietf:params:oauth:token-type:saml2");

    /// Makes a type that the server defines, from its URI.
    pub fn new(uri: impl Into<Cow<'static, str>>) -> Self {
        Self(uri.into())
    }

    /// Returns the URI.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    const fn known(uri: &'static str) -> Self {
        Self(Cow::Borrowed(uri))
    }
}

impl fmt::Display for TokenTypeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
