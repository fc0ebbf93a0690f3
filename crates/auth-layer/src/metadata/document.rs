//! `Metadata`: the document, checked.

use serde::Deserialize;

use crate::config_error::ConfigError;
use crate::profile::Origin;
use crate::url::endpoint_url;

/// What an issuer says of itself (RFC 8414 section 2), as far as it matters here.
///
/// Its issuer is the one that was asked for, and all its URLs are https, or loopback.
///
/// ```no_run
/// # async fn run(transport: auth_layer::Transport) -> Result<(), Box<dyn std::error::Error>> {
/// use auth_layer::{Metadata, Profile, SystemClock};
/// use std::time::Duration;
///
/// let issuer = "https://auth.example.com";
/// let metadata = Metadata::fetch(issuer, &transport, &SystemClock::new(), Duration::from_secs(10)).await?;
/// let profile = Profile::new("example", metadata.token_url())?.with_metadata(&metadata)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata(pub(super) Document);

/// The members that are read; others are ignored. One that comes twice makes the document unreadable.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Document {
    pub(super) issuer: String,
    pub(super) token_endpoint: String,
    pub(super) authorization_endpoint: Option<String>,
    pub(super) device_authorization_endpoint: Option<String>,
    pub(super) revocation_endpoint: Option<String>,
    pub(super) token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
}

impl Metadata {
    /// Checks a document against the issuer that it was fetched for.
    pub(super) fn check(document: Document, issuer: &str) -> Result<Self, ConfigError> {
        if document.issuer != issuer {
            let problem = "is not the issuer that was asked for (RFC 8414 section 3.3)";
            return Err(ConfigError::new("the document's issuer", problem));
        }
        let own: Origin = issuer.parse()?;
        for (name, url) in document.endpoints() {
            let origin = Origin::of(&endpoint_url(&format!("the document's {name}"), url)?)?;
            if origin != own {
                // Large providers do so; whoever looks for a mistake wants to know.
                tracing::info!(issuer, endpoint = name, %origin, "an endpoint is on another origin than its issuer");
            }
        }
        Ok(Self(document))
    }

    /// The issuer's name.
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// The token endpoint.
    pub fn token_url(&self) -> &str {
        &self.0.token_endpoint
    }

    /// The page where a person signs in.
    pub fn authorize_url(&self) -> Option<&str> {
        self.0.authorization_endpoint.as_deref()
    }

    /// Where a device asks for its codes.
    pub fn device_url(&self) -> Option<&str> {
        self.0.device_authorization_endpoint.as_deref()
    }

    /// Where tokens are revoked.
    pub fn revocation_url(&self) -> Option<&str> {
        self.0.revocation_endpoint.as_deref()
    }

    /// How clients may say who they are at the token endpoint, by the names of RFC 7591 section 2. A server that does
    /// not tell takes `client_secret_basic` (RFC 8414 section 2).
    pub fn client_auth_methods(&self) -> impl Iterator<Item = &str> {
        let told = self.0.token_endpoint_auth_methods_supported.as_deref();
        let untold = told.is_none().then_some("client_secret_basic");
        told.unwrap_or_default().iter().map(String::as_str).chain(untold)
    }

    /// Whether the issuer names itself in each answer to a sign-in (RFC 9207 section 3).
    pub const fn names_issuer_in_callback(&self) -> bool {
        self.0.authorization_response_iss_parameter_supported
    }
}

impl Document {
    fn endpoints(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let others = [
            ("authorization_endpoint", &self.authorization_endpoint),
            ("device_authorization_endpoint", &self.device_authorization_endpoint),
            ("revocation_endpoint", &self.revocation_endpoint),
        ];
        let others = others.into_iter().filter_map(|(name, url)| Some((name, url.as_deref()?)));
        std::iter::once(("token_endpoint", &*self.token_endpoint)).chain(others)
    }
}
