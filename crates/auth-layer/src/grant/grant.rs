//! `Grant`: what a client exchanges for a token.

use std::borrow::Cow;

use super::custom::CustomGrant;
use super::token_exchange::TokenExchange;
use crate::error::{BoxError, ConfigError, Error};
use crate::secret::{Secret, SecretSource, blankness};
use crate::token::RefreshToken;

/// A grant: the proof that a client exchanges for a token at the token endpoint.
///
/// The password grant is not supported (RFC 9700 section 2.4). `Debug` shows no secret.
///
/// ```
/// use auth_layer::{Grant, RefreshToken};
///
/// let machine = Grant::ClientCredentials;
/// let person = Grant::refresh_token(RefreshToken::new("tGzv3JOkF0XG5Qx2TlKWIA"));
/// assert!(person.is_used_up());
/// assert!(!machine.is_used_up());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Grant {
    /// The client's own credential (RFC 6749 section 4.4). A refresh token in the answer is ignored (section 4.4.3).
    ClientCredentials,
    /// A refresh token (RFC 6749 section 6). The exchange begins with this one. A refresh token that the server issues
    /// later replaces it.
    RefreshToken(RefreshToken),
    /// The refresh token that a sign-in wrote to the store. If the store has no sign-in, a person has to sign in.
    Stored,
    /// A signed JWT (RFC 7523 section 2.1), see [`Grant::jwt_bearer`]. A refresh token in the answer is ignored: the
    /// next token needs another assertion.
    JwtBearer(SecretSource),
    /// A token of a person or a workload, exchanged for one of another kind or for another place (RFC 8693). A refresh
    /// token in the answer is ignored.
    TokenExchange(TokenExchange),
    /// A grant that only one provider has, see [`Grant::custom`]. A refresh token in the answer is ignored.
    Custom(CustomGrant),
}

impl Grant {
    /// Creates a grant from a refresh token to begin with.
    pub fn refresh_token(token: impl Into<RefreshToken>) -> Self {
        Self::RefreshToken(token.into())
    }

    /// Creates a grant from a function that returns a signed JWT for each exchange (RFC 7523 section 2.1).
    ///
    /// This crate signs nothing. The function must return a signed JWT with an issuer, a subject, an audience and an
    /// expiry (RFC 7523 section 3). A JWT lives for minutes and may be good for one use, so it cannot be a fixed
    /// string. [`SecretSource::from_fn`] describes where the function runs, and what happens if it fails.
    ///
    /// ```
    /// use auth_layer::{Grant, Secret};
    ///
    /// # fn sign() -> Result<String, std::io::Error> { Ok(String::from("a.b.c")) }
    /// let grant = Grant::jwt_bearer(|| Ok(Secret::new(sign()?)));
    /// assert_eq!(format!("{grant:?}"), "JwtBearer(Elsewhere(..))");
    /// ```
    pub fn jwt_bearer<F>(assertion: F) -> Self
    where
        F: Fn() -> Result<Secret, BoxError> + Send + Sync + 'static,
    {
        Self::JwtBearer(SecretSource::from_fn(assertion))
    }

    /// Creates a grant that only one provider has (RFC 6749 section 4.5), from its `grant_type` and its parameters. All
    /// values count as secrets.
    ///
    /// ```
    /// use auth_layer::{Grant, SecretSource};
    ///
    /// let fixed = Grant::custom("urn:example:api-key", [("api_key", "6f1ed002ab5595859014ebf0951522d9")]);
    /// let mounted = SecretSource::from_file("/run/secrets/api-key");
    /// let read_each_time = Grant::custom("urn:example:api-key", [("api_key", mounted)]);
    /// ```
    pub fn custom<N, S>(
        grant_type: impl Into<Cow<'static, str>>,
        parameters: impl IntoIterator<Item = (N, S)>,
    ) -> Self
    where
        N: Into<Cow<'static, str>>,
        S: Into<SecretSource>,
    {
        let parameters = parameters.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self::Custom(CustomGrant::new(grant_type.into(), parameters.collect()))
    }

    /// Returns whether an exchange may use the grant up. Its answer must never be lost then.
    pub const fn is_used_up(&self) -> bool {
        matches!(self, Self::RefreshToken(_) | Self::Stored)
    }

    /// Returns the value of the request's `grant_type`.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::ClientCredentials => "client_credentials",
            Self::RefreshToken(_) | Self::Stored => "refresh_token",
            Self::JwtBearer(_) => "urn:ietf:params:oauth:grant-type:jwt-bearer",
            Self::TokenExchange(_) => "urn:ietf:params:oauth:grant-type:token-exchange",
            Self::Custom(custom) => custom.name(),
        }
    }

    /// Returns the name of the part that has to be read first, for errors.
    pub(crate) const fn traded(&self) -> &'static str {
        match self {
            Self::JwtBearer(_) => "the assertion",
            Self::TokenExchange(_) => "the token to exchange",
            _ => "the grant's secret",
        }
    }

    /// Returns an error for a value that is wrong for every provider.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        match self {
            Self::RefreshToken(token) => match blankness(token.expose()) {
                Some(problem) => Err(ConfigError::new("refresh token", problem)),
                None => Ok(()),
            },
            Self::JwtBearer(assertion) => assertion.check("assertion"),
            Self::TokenExchange(exchange) => exchange.check(),
            Self::Custom(custom) => custom.check(),
            Self::ClientCredentials | Self::Stored => Ok(()),
        }
    }

    /// Returns whether two parameters have the same name.
    pub(crate) const fn repeats(&self) -> bool {
        matches!(self, Self::TokenExchange(exchange) if exchange.repeats())
    }

    /// Returns the names of the parameters of this grant. A refresh token has its own code path and is not included.
    pub(crate) fn parameter_names(&self) -> Vec<&str> {
        match self {
            Self::ClientCredentials | Self::RefreshToken(_) | Self::Stored => Vec::new(),
            Self::JwtBearer(_) => vec!["assertion"],
            Self::TokenExchange(exchange) => exchange.parameter_names(),
            Self::Custom(custom) => custom.parameter_names(),
        }
    }

    /// Returns the parameters of this grant for one exchange. Secrets are read again for each exchange.
    pub(crate) async fn parameters(&self) -> Result<Vec<(&str, Secret)>, Error> {
        match self {
            Self::ClientCredentials | Self::RefreshToken(_) | Self::Stored => Ok(Vec::new()),
            Self::JwtBearer(assertion) => Ok(vec![("assertion", assertion.read(self.traded()).await?)]),
            Self::TokenExchange(exchange) => exchange.parameters(self.traded()).await,
            Self::Custom(custom) => custom.parameters(self.traded()).await,
        }
    }

    /// Returns whether all secrets of this grant are fixed. A refresh token in a store does not count.
    pub(crate) fn has_fixed_secrets(&self) -> bool {
        match self {
            Self::ClientCredentials | Self::RefreshToken(_) | Self::Stored => true,
            Self::JwtBearer(assertion) => assertion.fixed().is_some(),
            Self::TokenExchange(exchange) => exchange.has_fixed_secrets(),
            Self::Custom(custom) => custom.has_fixed_secrets(),
        }
    }

    /// Returns the texts that tell this grant from others in a store key. They hold no plain secret.
    pub(crate) fn identity(&self) -> Vec<String> {
        match self {
            Self::ClientCredentials | Self::RefreshToken(_) | Self::Stored => Vec::new(),
            Self::JwtBearer(assertion) => vec![assertion.identity()],
            Self::TokenExchange(exchange) => exchange.identity(),
            Self::Custom(custom) => custom.identity(),
        }
    }
}

impl From<TokenExchange> for Grant {
    fn from(exchange: TokenExchange) -> Self {
        Self::TokenExchange(exchange)
    }
}
