//! The endpoints for sign-in and sign-out, and the lifetime of a refresh token.

use std::borrow::Cow;
use std::time::Duration;

use http::Uri;

use super::device::DeviceNames;
use super::profile::Profile;
use super::request::Encoding;
use crate::error::ConfigError;
use crate::url::{endpoint_url, refusal};

impl Profile {
    /// Sets the page where a person signs in (RFC 6749 section 3.1).
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if `url` is not a valid URL, has a fragment, names a user, or is neither https nor
    /// loopback.
    pub fn with_authorize_url(mut self, url: &str) -> Result<Self, ConfigError> {
        self.facts_mut().people.authorize_url = Some(endpoint_url("authorize URL", url)?);
        Ok(self)
    }

    /// Sets the names of the client id and of the redirect URI, for a provider that uses its own names. The sign-in
    /// page uses both names. The exchange of the code uses the name of the redirect URI.
    #[must_use]
    pub fn with_authorize_names(
        mut self,
        client_id: impl Into<Cow<'static, str>>,
        redirect_uri: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.facts_mut().people.client_id_name = client_id.into();
        self.facts_mut().people.redirect_uri_name = redirect_uri.into();
        self
    }

    /// Adds a fixed parameter to the URL of the sign-in page, such as one that asks for a refresh token.
    #[must_use]
    pub fn with_authorize_parameter(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.facts_mut().people.authorize_parameters.push((name.into(), value.into()));
        self
    }

    /// Leaves PKCE (RFC 7636) out of sign-ins, for a server that refuses its parameters. Without it, a code that is
    /// stolen from the callback may be redeemed by the thief of the client's secret.
    #[must_use]
    pub fn without_pkce(mut self) -> Self {
        self.facts_mut().people.pkce = false;
        self
    }

    /// Keeps a parameter of the callback with the tokens, readable with [`Token::kept`](crate::Token::kept). It is not
    /// a secret.
    #[must_use]
    pub fn with_kept_callback(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.facts_mut().people.keep_callback.push(name.into());
        self
    }

    /// Keeps the access token of a sign-in whose answer has no refresh token. Without this, such a sign-in is an error,
    /// since a person would have to sign in again when the token expires.
    #[must_use]
    pub fn with_access_token_kept(mut self) -> Self {
        self.facts_mut().people.keep_access_token = true;
        self
    }

    /// Sets the device authorization endpoint, which issues the codes for a sign-in on a device (RFC 8628 section 3.1).
    ///
    /// # Errors
    ///
    /// Returns the errors of [`with_authorize_url`](Self::with_authorize_url).
    pub fn with_device_url(mut self, url: &str) -> Result<Self, ConfigError> {
        self.facts_mut().people.device_url = Some(endpoint_url("device authorization URL", url)?);
        Ok(self)
    }

    /// Sets the names of the members in a device authorization answer.
    ///
    /// If no codes could be read with these names, building an exchange or a sign-in returns [`ConfigError`].
    #[must_use]
    pub fn with_device_names(mut self, names: DeviceNames) -> Self {
        self.facts_mut().people.device_names = names;
        self
    }

    /// Sets the revocation endpoint (RFC 7009 section 2).
    ///
    /// # Errors
    ///
    /// Returns the errors of [`with_authorize_url`](Self::with_authorize_url).
    pub fn with_revocation_url(mut self, url: &str) -> Result<Self, ConfigError> {
        self.facts_mut().people.revocation_url = Some(endpoint_url("revocation URL", url)?);
        Ok(self)
    }

    /// Sets the encoding of revocation requests. The default is the encoding of token requests.
    #[must_use]
    pub fn with_revocation_encoding(mut self, encoding: Encoding) -> Self {
        self.facts_mut().people.revocation_encoding = Some(encoding);
        self
    }

    /// Sets the issuer's name. It is compared with the `iss` of a sign-in's callback (RFC 9207 section 2.4).
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if `issuer` is not a valid URL, has a query or a fragment (RFC 8414 section 2), names a
    /// user, or is neither https nor loopback.
    pub fn with_issuer(mut self, issuer: &str) -> Result<Self, ConfigError> {
        // `endpoint_url` allows a query, but an issuer has none.
        if issuer.contains(['?', '#']) {
            let problem = "has a query or a fragment; remove it (RFC 8414 section 2)";
            return Err(refusal("issuer", issuer, problem));
        }
        endpoint_url("issuer", issuer)?;
        // The text is kept, not the parsed URL: issuers are compared character by character (RFC 9207 section 2.4).
        self.facts_mut().people.issuer = Some(issuer.to_owned().into());
        Ok(self)
    }

    /// Requires the issuer's name in each callback. A callback without `iss` is refused (RFC 9207 section 2.4).
    #[must_use]
    pub fn with_issuer_in_callback(mut self) -> Self {
        self.facts_mut().people.issuer_in_callback = true;
        self
    }

    /// Sets how long a refresh token lives after it was issued. A manager with
    /// [`keep_alive`](crate::TokenManager::keep_alive) renews it before that time ends.
    #[must_use]
    pub fn with_refresh_token_lifetime(mut self, lifetime: Duration) -> Self {
        self.facts_mut().people.refresh_token_lifetime = Some(lifetime);
        self
    }

    /// Returns the URL of the page where a person signs in.
    pub fn authorize_url(&self) -> Option<&Uri> {
        self.facts.people.authorize_url.as_ref()
    }

    /// Returns the URL of the device authorization endpoint.
    pub fn device_url(&self) -> Option<&Uri> {
        self.facts.people.device_url.as_ref()
    }

    /// Returns the URL of the revocation endpoint.
    pub fn revocation_url(&self) -> Option<&Uri> {
        self.facts.people.revocation_url.as_ref()
    }

    /// Returns the issuer's name.
    pub fn issuer(&self) -> Option<&str> {
        self.facts.people.issuer.as_deref()
    }

    /// Returns whether each callback must name the issuer.
    pub fn names_issuer_in_callback(&self) -> bool {
        self.facts.people.issuer_in_callback
    }

    /// Returns how long a refresh token lives after it was issued, if the provider states it.
    pub fn refresh_token_lifetime(&self) -> Option<Duration> {
        self.facts.people.refresh_token_lifetime
    }

    /// Returns the names of the members in a device authorization answer.
    pub(crate) fn device_names(&self) -> &DeviceNames {
        &self.facts.people.device_names
    }

    /// Returns the sign-in page's name of the client id.
    pub(crate) fn client_id_name(&self) -> &str {
        &self.facts.people.client_id_name
    }

    /// Returns the name of the redirect URI at the sign-in page and in the exchange of the code.
    pub(crate) fn redirect_uri_name(&self) -> &str {
        &self.facts.people.redirect_uri_name
    }

    /// Returns the fixed parameters of the sign-in page.
    pub(crate) fn authorize_parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.facts.people.authorize_parameters.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Returns whether sign-ins use PKCE (RFC 7636).
    pub(crate) fn uses_pkce(&self) -> bool {
        self.facts.people.pkce
    }

    /// Returns the parameters of a callback that are kept with the tokens.
    pub(crate) fn kept_of_callback(&self) -> impl Iterator<Item = &str> {
        self.facts.people.keep_callback.iter().map(|name| &**name)
    }

    /// Returns whether the access token of a sign-in without a refresh token is kept.
    pub(crate) fn keeps_access_tokens(&self) -> bool {
        self.facts.people.keep_access_token
    }

    /// Returns the encoding of revocation requests, if it may differ from that of token requests.
    pub(crate) fn revocation_encoding(&self) -> Option<Encoding> {
        self.facts.people.revocation_encoding
    }
}
