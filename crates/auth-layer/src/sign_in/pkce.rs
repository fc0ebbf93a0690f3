//! `Pkce`: proof that whoever sends a code also asked for it.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::config_error::ConfigError;
use crate::secret::Secret;

/// A verifier that only its maker knows, and the challenge that is told beforehand (RFC 7636).
///
/// The challenge is the verifier's SHA-256; there is no plain one (RFC 9700 section 2.1.1). [`SignIn`](crate::SignIn)
/// makes one for each sign-in, for clients with a secret too.
///
/// ```
/// use auth_layer::Pkce;
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
    /// The only way in which a challenge is made of a verifier here.
    pub const METHOD: &'static str = "S256";

    /// Makes a verifier of 256 random bits (RFC 7636 section 4.1).
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the system has no randomness to give.
    pub fn generate() -> Result<Self, ConfigError> {
        Ok(Self { verifier: unguessable()? })
    }

    /// Takes over a verifier.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if it is not 43 to 128 unreserved characters (RFC 7636 section 4.1).
    pub fn from_verifier(verifier: impl Into<Secret>) -> Result<Self, ConfigError> {
        let verifier = verifier.into();
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let text = verifier.expose();
        if !(43..=128).contains(&text.len()) || !text.bytes().all(unreserved) {
            let problem = "is not 43 to 128 unreserved characters (RFC 7636 section 4.1)";
            return Err(ConfigError::new("code verifier", problem));
        }
        Ok(Self { verifier })
    }

    /// The challenge, which everybody may see (RFC 7636 section 4.2).
    pub fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier.expose()))
    }

    /// The verifier, which goes to the token endpoint and nowhere else.
    pub const fn verifier(&self) -> &Secret {
        &self.verifier
    }
}

impl fmt::Debug for Pkce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pkce(..)")
    }
}

/// 256 random bits as 43 unreserved characters.
pub(super) fn unguessable() -> Result<Secret, ConfigError> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes).map_err(|error| {
        ConfigError::new("randomness", "cannot be had from the system").with_source(error)
    })?;
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(*bytes)))
}
