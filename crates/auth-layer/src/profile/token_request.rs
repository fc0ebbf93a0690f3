//! The token endpoint of a profile, and the parts of the requests to it.

use std::borrow::Cow;

use http::{HeaderName, HeaderValue, Uri};

use super::answer::ScopeSeparator;
use super::profile::Profile;
use super::request::{ClientAuth, Encoding};
use super::token_url::TokenUrl;
use crate::error::ConfigError;
use crate::identity::Identity;
use crate::token::Scope;
use crate::url::endpoint_url;

impl Profile {
    /// Sets another token endpoint, for example that of a sandbox.
    ///
    /// A stored sign-in with a different token URL is then an error ([`ErrorKind::TokenUrl`]), unless
    /// [`with_moved_from`](Self::with_moved_from) adds that URL.
    ///
    /// [`ErrorKind::TokenUrl`]: crate::ErrorKind::TokenUrl
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Profile::new`].
    pub fn with_token_url(mut self, token_url: &str) -> Result<Self, ConfigError> {
        self.facts_mut().token_url = TokenUrl::at(endpoint_url("token URL", token_url)?);
        Ok(self)
    }

    /// Sets the encoding of token requests.
    #[must_use]
    pub fn with_encoding(mut self, encoding: Encoding) -> Self {
        self.facts_mut().encoding = encoding;
        self
    }

    /// Allows both encodings for token requests. After a 415 the request is sent once more in the other encoding.
    ///
    /// The encoding that worked is used from then on. A request with a code, a refresh token, a device code or an
    /// assertion is never sent twice, since the first request may have used it up.
    #[must_use]
    pub fn with_either_encoding(mut self) -> Self {
        self.facts_mut().encoding_may_differ = true;
        self
    }

    /// Sets how the client authenticates.
    #[must_use]
    pub fn with_client_auth(mut self, client_auth: ClientAuth) -> Self {
        self.facts_mut().client_auth = client_auth;
        self
    }

    /// Adds a fixed parameter to every token request.
    #[must_use]
    pub fn with_parameter(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// Adds the audience and the resource of an identity to the parameters.
    pub(crate) fn for_identity(mut self, identity: &Identity) -> Self {
        if let Some(audience) = identity.audience() {
            self = self.with_parameter("audience", audience.to_owned());
        }
        match identity.resource() {
            Some(resource) => self.with_parameter("resource", resource.to_string()),
            None => self,
        }
    }

    /// Sets the scope of token requests.
    #[must_use]
    pub fn with_scope(mut self, scope: Scope) -> Self {
        self.scope = Some(scope);
        self
    }

    /// Returns the parameters that name the API the token is for: `resource` (RFC 8707 section 2), and `audience`, its
    /// older form at some servers. Each request of a sign-in must have them.
    pub(crate) fn targets(&self) -> impl Iterator<Item = (&str, &str)> {
        let parameters = self.parameters.iter().map(|(name, value)| (&**name, &**value));
        parameters.filter(|(name, _)| matches!(*name, "resource" | "audience"))
    }

    /// Sets the endpoint where refresh tokens are redeemed, for a provider that has one apart from its token endpoint.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Profile::new`].
    pub fn with_refresh_url(mut self, url: &str) -> Result<Self, ConfigError> {
        self.facts_mut().refresh_url = Some(endpoint_url("refresh URL", url)?);
        Ok(self)
    }

    /// Adds a header to every request to the provider's OAuth endpoints, such as a version of the API.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if the name or the value is not valid in a header (RFC 9110 section 5), or if the crate
    /// sets this header itself: `Authorization`, `Content-Type`, `Content-Length`, `Transfer-Encoding`, `Host` and
    /// `User-Agent` ([`Transport::with_user_agent`](crate::Transport::with_user_agent)).
    pub fn with_header(mut self, name: &str, value: &str) -> Result<Self, ConfigError> {
        let refuse = |problem: &'static str| {
            ConfigError::new(format!("token request header {}", name.escape_debug()), problem)
        };
        let header = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| refuse("is not a valid header name (RFC 9110 section 5.1)"))?;
        if OWN_HEADERS.contains(&header) {
            return Err(refuse("is set by this crate; remove it"));
        }
        // `from_str` accepts all of UTF-8, which servers read in different ways (RFC 9110 section 5.5).
        let value = HeaderValue::from_str(value).ok().filter(|value| value.to_str().is_ok());
        let mut value =
            value.ok_or_else(|| refuse("has a value with a character that is not visible ASCII"))?;
        // It may be the key of a gateway.
        value.set_sensitive(true);
        self.facts_mut().headers.push((header, value));
        Ok(self)
    }

    /// Sets the `grant_type` with which the client gets a token of its own, in place of `client_credentials`. The
    /// parameters of that grant are set with [`with_parameter_for`](Self::with_parameter_for).
    #[must_use]
    pub fn with_grant_type(mut self, grant_type: impl Into<Cow<'static, str>>) -> Self {
        self.facts_mut().grant_type = Some(grant_type.into());
        self
    }

    /// Adds a fixed parameter to the token requests with this `grant_type`.
    #[must_use]
    pub fn with_parameter_for(
        mut self,
        grant_type: impl Into<Cow<'static, str>>,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Cow<'static, str>>,
    ) -> Self {
        let parameters = self.facts_mut().parameters_for.entry(grant_type.into()).or_default();
        parameters.push((name.into(), value.into()));
        self
    }

    /// Sets the character that separates the scope tokens in requests, at the sign-in page and at the token endpoint.
    #[must_use]
    pub fn with_request_scope_separator(mut self, separator: ScopeSeparator) -> Self {
        self.facts_mut().request_scope_separator = separator;
        self
    }

    /// Returns a scope as it is written in a request.
    pub(crate) fn request_scope(&self, scope: &Scope) -> String {
        match self.facts.request_scope_separator {
            ScopeSeparator::Space => scope.to_string(),
            ScopeSeparator::Comma => scope.iter().collect::<Vec<_>>().join(","),
        }
    }

    /// Returns the `grant_type` with which the client gets a token of its own, if it is not `client_credentials`.
    pub fn grant_type(&self) -> Option<&str> {
        self.facts.grant_type.as_deref()
    }

    /// Returns how the client authenticates at the token endpoint.
    pub fn client_auth(&self) -> &ClientAuth {
        &self.facts.client_auth
    }

    /// Returns the URL of the endpoint where refresh tokens are redeemed.
    pub fn refresh_url(&self) -> &Uri {
        self.facts.refresh_url.as_ref().unwrap_or_else(|| self.token_url())
    }
}

/// The headers that the crate sets itself.
const OWN_HEADERS: [HeaderName; 6] = [
    http::header::AUTHORIZATION,
    http::header::CONTENT_TYPE,
    http::header::CONTENT_LENGTH,
    http::header::TRANSFER_ENCODING,
    http::header::HOST,
    http::header::USER_AGENT,
];
