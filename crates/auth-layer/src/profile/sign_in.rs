//! Where a person signs in, and what becomes of the refresh token that comes of it.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use http::Uri;

use super::device::DeviceNames;
use super::recipe::Profile;
use crate::config_error::ConfigError;
use crate::url::{endpoint_url, refusal, shown};

/// What a provider offers to people, and to the refresh tokens they leave behind.
#[derive(Clone)]
pub(super) struct SignInFacts {
    authorize_url: Option<Uri>,
    device_url: Option<Uri>,
    device_names: DeviceNames,
    revocation_url: Option<Uri>,
    issuer: Option<Cow<'static, str>>,
    issuer_in_callback: bool,
    client_id_name: &'static str,
    redirect_uri_name: &'static str,
    refresh_token_lifetime: Option<Duration>,
}

impl SignInFacts {
    /// A provider that nothing is known of, by the names of RFC 6749 section 4.1.
    pub(super) const fn new() -> Self {
        Self {
            authorize_url: None,
            device_url: None,
            device_names: DeviceNames::new(),
            revocation_url: None,
            issuer: None,
            issuer_in_callback: false,
            client_id_name: "client_id",
            redirect_uri_name: "redirect_uri",
            refresh_token_lifetime: None,
        }
    }
}

/// Of a URL it shows what an error shows: a query may hold a secret.
impl fmt::Debug for SignInFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let without_query = |url: &Option<Uri>| url.as_ref().map(|url| shown(&url.to_string()));
        f.debug_struct("SignInFacts")
            .field("authorize_url", &without_query(&self.authorize_url))
            .field("device_url", &without_query(&self.device_url))
            .field("revocation_url", &without_query(&self.revocation_url))
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

impl Profile {
    /// The page where a person signs in (RFC 6749 section 3.1).
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the URL is none, has a fragment, names a user, or is neither https nor loopback.
    pub fn with_authorize_url(mut self, url: &str) -> Result<Self, ConfigError> {
        self.facts_mut().people.authorize_url = Some(endpoint_url("authorize URL", url)?);
        Ok(self)
    }

    /// Under which names the sign-in page and the exchange of its code know the client's id and the redirect URI.
    #[must_use]
    pub fn with_authorize_names(mut self, client_id: &'static str, redirect_uri: &'static str) -> Self {
        self.facts_mut().people.client_id_name = client_id;
        self.facts_mut().people.redirect_uri_name = redirect_uri;
        self
    }

    /// Where a device asks for a code that a person types in elsewhere (RFC 8628 section 3.1).
    ///
    /// # Errors
    ///
    /// As for [`with_authorize_url`](Self::with_authorize_url).
    pub fn with_device_url(mut self, url: &str) -> Result<Self, ConfigError> {
        self.facts_mut().people.device_url = Some(endpoint_url("device authorization URL", url)?);
        Ok(self)
    }

    /// The names under which the members of a device authorization answer come. Building an exchange or a sign-in
    /// returns [`ConfigError`] if no codes could be read by them.
    #[must_use]
    pub fn with_device_names(mut self, names: DeviceNames) -> Self {
        self.facts_mut().people.device_names = names;
        self
    }

    /// Where tokens are revoked (RFC 7009 section 2).
    ///
    /// # Errors
    ///
    /// As for [`with_authorize_url`](Self::with_authorize_url).
    pub fn with_revocation_url(mut self, url: &str) -> Result<Self, ConfigError> {
        self.facts_mut().people.revocation_url = Some(endpoint_url("revocation URL", url)?);
        Ok(self)
    }

    /// The issuer's name, to be compared with the `iss` of a sign-in's answer (RFC 9207 section 2.4).
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if it is no URL, has a query or a fragment (RFC 8414 section 2), names a user, or is neither https
    /// nor loopback.
    pub fn with_issuer(mut self, issuer: &str) -> Result<Self, ConfigError> {
        if issuer.contains(['?', '#']) {
            let problem = "has a query or a fragment (RFC 8414 section 2)";
            return Err(refusal("issuer", issuer, problem));
        }
        endpoint_url("issuer", issuer)?;
        self.facts_mut().people.issuer = Some(issuer.to_owned().into());
        Ok(self)
    }

    /// The issuer names itself in each answer to a sign-in; one without `iss` is refused (RFC 9207 section 2.4).
    #[must_use]
    pub fn with_issuer_in_callback(mut self) -> Self {
        self.facts_mut().people.issuer_in_callback = true;
        self
    }

    /// How long a refresh token lives after it was handed out. A manager that is kept alive renews in time (see
    /// [`TokenManager::keep_alive`](crate::TokenManager::keep_alive)).
    #[must_use]
    pub fn with_refresh_token_lifetime(mut self, lifetime: Duration) -> Self {
        self.facts_mut().people.refresh_token_lifetime = Some(lifetime);
        self
    }

    /// What is known of a provider, by URLs known to be good.
    pub(super) fn signing_in_at(mut self, url: &'static str) -> Self {
        self.facts_mut().people.authorize_url = Some(Uri::from_static(url));
        self
    }

    pub(super) fn revoking_at(mut self, url: &'static str) -> Self {
        self.facts_mut().people.revocation_url = Some(Uri::from_static(url));
        self
    }

    pub(super) fn issued_by(mut self, issuer: &'static str) -> Self {
        self.facts_mut().people.issuer = Some(Cow::Borrowed(issuer));
        self
    }

    /// The page where a person signs in.
    pub fn authorize_url(&self) -> Option<&Uri> {
        self.facts.people.authorize_url.as_ref()
    }

    /// Where a device asks for its codes.
    pub fn device_url(&self) -> Option<&Uri> {
        self.facts.people.device_url.as_ref()
    }

    /// Where tokens are revoked.
    pub fn revocation_url(&self) -> Option<&Uri> {
        self.facts.people.revocation_url.as_ref()
    }

    /// The issuer's name.
    pub fn issuer(&self) -> Option<&str> {
        self.facts.people.issuer.as_deref()
    }

    /// Whether the issuer names itself in each answer to a sign-in.
    pub fn names_issuer_in_callback(&self) -> bool {
        self.facts.people.issuer_in_callback
    }

    /// How long a refresh token lives after it was handed out, if the provider says.
    pub fn refresh_token_lifetime(&self) -> Option<Duration> {
        self.facts.people.refresh_token_lifetime
    }

    /// The names of a device authorization answer.
    pub(crate) fn device_names(&self) -> &DeviceNames {
        &self.facts.people.device_names
    }

    /// The sign-in page's name for the client's id.
    pub(crate) fn client_id_name(&self) -> &'static str {
        self.facts.people.client_id_name
    }

    /// The sign-in page's, and the code exchange's, name for the redirect URI.
    pub(crate) fn redirect_uri_name(&self) -> &'static str {
        self.facts.people.redirect_uri_name
    }
}
