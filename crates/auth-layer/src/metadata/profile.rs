//! Copies the members of a metadata document into a profile.

use super::document::Metadata;
use crate::error::{ConfigError, shown};
use crate::profile::{ClientAuth, Profile};

impl Profile {
    /// Takes the issuer's metadata into the profile: its endpoints, its name, whether its answers to a sign-in carry
    /// that name, and how the client authenticates. Members that the document does not have leave the profile
    /// unchanged.
    ///
    /// A client with a secret uses a Basic header if the server accepts one, written raw or encoded as in the profile.
    /// Otherwise it puts the secret into the body. A public client stays public. A server that lists no methods accepts
    /// Basic (RFC 8414 section 2).
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if the server accepts none of the methods that the client can use, if the profile has
    /// another issuer, or if an endpoint is not a valid URL.
    pub fn with_metadata(self, metadata: &Metadata) -> Result<Self, ConfigError> {
        if let Some(issuer) = self.issuer().filter(|issuer| *issuer != metadata.issuer()) {
            let problem = format!("is {issuer} in the profile and {} in the metadata", metadata.issuer());
            return Err(ConfigError::new("issuer", problem));
        }
        let client_auth = choose(&self.facts().client_auth, metadata)?;
        let mut profile = self
            .with_token_url(metadata.token_url())?
            .with_issuer(metadata.issuer())?
            .with_client_auth(client_auth);
        if let Some(url) = metadata.authorize_url() {
            profile = profile.with_authorize_url(url)?;
        }
        if let Some(url) = metadata.device_url() {
            profile = profile.with_device_url(url)?;
        }
        if let Some(url) = metadata.revocation_url() {
            profile = profile.with_revocation_url(url)?;
        }
        if metadata.names_issuer_in_callback() {
            profile = profile.with_issuer_in_callback();
        }
        Ok(profile)
    }
}

/// Returns the strongest method that both sides support (RFC 9700 section 2.5).
fn choose(own: &ClientAuth, metadata: &Metadata) -> Result<ClientAuth, ConfigError> {
    let capable = match own {
        ClientAuth::Public => vec![("none", ClientAuth::Public)],
        ClientAuth::Basic | ClientAuth::BasicRaw => {
            vec![("client_secret_basic", own.clone()), ("client_secret_post", ClientAuth::body())]
        }
        ClientAuth::Body { .. } => {
            vec![("client_secret_basic", ClientAuth::Basic), ("client_secret_post", own.clone())]
        }
    };
    let chosen =
        capable.into_iter().find(|(name, _)| metadata.client_auth_methods().any(|told| told == *name));
    chosen.map(|(_, client_auth)| client_auth).ok_or_else(|| {
        let listed = shown(&metadata.client_auth_methods().collect::<Vec<_>>().join(", "));
        let problem = format!(
            "is not one of the methods that the server's metadata lists ({listed}; RFC 9700 section 2.5)"
        );
        ConfigError::new("client authentication", problem)
    })
}
