//! `Pkce`: proof that the client that sends a code also requested it.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::error::ConfigError;
use crate::secret::Secret;

/// A secret code verifier, and the challenge that is sent before it (RFC 7636).
///
/// The challenge is the SHA-256 digest of the verifier. The method `plain` is not offered (RFC 9700 section 2.1.1).
/// [`SignIn`](crate::SignIn) makes a new verifier for each sign-in, also for clients with a secret.
///
/// ```
/// use auth_layer::sign_in::Pkce;
///
/// // The example of RFC 7636 appendix B.
/// let pkce = Pkce::from_verifier("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")?;
/// assert_eq!(pkce.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
///
/// assert_ne!(Pkce::generate()?.challenge(), Pkce::generate()?.challenge());
/// # Ok::<(), auth_layer::ConfigError>(())
/// ```
pub struct Pkce {
    verifier: Secret,
}

impl Pkce {
    /// The challenge method of this crate.
    pub const METHOD: &'static str = "S256";

    /// Makes a verifier of 256 random bits (RFC 7636 section 4.1).
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if the system has no random bytes.
    pub fn generate() -> Result<Self, ConfigError> {
        Ok(Self { verifier: unguessable()? })
    }

    /// Uses an existing verifier.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if `verifier` is not 43 to 128 unreserved characters (RFC 7636 section 4.1).
    pub fn from_verifier(verifier: impl Into<Secret>) -> Result<Self, ConfigError> {
        let verifier = verifier.into();
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let text = verifier.expose();
        if !(43..=128).contains(&text.len()) || !text.bytes().all(unreserved) {
            let problem = "must be 43 to 128 letters, digits, `-`, `.`, `_` or `~` (RFC 7636 section 4.1)";
            return Err(ConfigError::new("code verifier", problem));
        }
        Ok(Self { verifier })
    }

    /// Returns the challenge, which is not secret (RFC 7636 section 4.2).
    pub fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier.expose()))
    }

    /// Returns the verifier. Send it only to the token endpoint.
    pub const fn verifier(&self) -> &Secret {
        &self.verifier
    }
}

impl fmt::Debug for Pkce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pkce(..)")
    }
}

/// Returns 256 random bits as 43 unreserved characters.
pub(super) fn unguessable() -> Result<Secret, ConfigError> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes).map_err(|error| {
        ConfigError::new("random bytes", "could not be read from the operating system").with_source(error)
    })?;
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(*bytes)))
}
