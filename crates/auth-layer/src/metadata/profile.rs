//! Takes a document over into a profile.

use super::document::Metadata;
use crate::config_error::ConfigError;
use crate::profile::{ClientAuth, Profile};

impl Profile {
    /// Takes over what an issuer says of itself: its endpoints, its name, whether its answers to a sign-in carry that
    /// name, and how the client says who it is. What the document does not mention stays as it is.
    ///
    /// A client with a secret uses a Basic header if the server takes one (as the profile writes it, raw or encoded), or
    /// else its body; a public client stays one. A server that tells no methods takes Basic (RFC 8414 section 2).
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the server takes none of the methods that the client is capable of, if the profile is of
    /// another issuer, or if an endpoint cannot be one.
    pub fn with_metadata(self, metadata: &Metadata) -> Result<Self, ConfigError> {
        if self.issuer().is_some_and(|issuer| issuer != metadata.issuer()) {
            return Err(ConfigError::new("issuer", "is another one in the profile than in the metadata"));
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

/// The strongest method that both sides are capable of (RFC 9700 section 2.5).
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
        let problem = "is of no kind that the server's metadata lists (RFC 9700 section 2.5)";
        ConfigError::new("client authentication", problem)
    })
}
