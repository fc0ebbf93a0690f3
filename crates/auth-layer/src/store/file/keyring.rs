//! A sealing key in the keyring of the operating system.

use keyring::v1::{Entry, Error};
use zeroize::Zeroizing;

use super::sealing::SealingKey;
use crate::config_error::ConfigError;

impl SealingKey {
    /// The key that the operating system's keyring keeps under a name; `None` if it has none of that name.
    ///
    /// It is the keychain on macOS, the credential manager on Windows and the Secret Service elsewhere. This blocks, and
    /// may ask the person to unlock the keyring.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if there is no keyring, if it stays locked, or if what it keeps is no key.
    ///
    /// ```no_run
    /// use auth_layer::SealingKey;
    ///
    /// let key = match SealingKey::from_keyring("my-service")? {
    ///     Some(key) => key,
    ///     None => {
    ///         let key = SealingKey::generate()?;
    ///         key.keep_in_keyring("my-service")?;
    ///         key
    ///     }
    /// };
    /// # Ok::<(), auth_layer::ConfigError>(())
    /// ```
    pub fn from_keyring(name: &str) -> Result<Option<Self>, ConfigError> {
        let kept = match entry(name)?.get_secret() {
            Ok(kept) => Zeroizing::new(kept),
            Err(Error::NoEntry) => return Ok(None),
            Err(error) => return Err(refused(name, error)),
        };
        let text = std::str::from_utf8(&kept).map_err(|_| told(name, "holds no key"))?;
        Self::from_text(text).map(Some).map_err(|_| told(name, "holds no key"))
    }

    /// Puts the key into the operating system's keyring, in the place of another of that name.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if there is no keyring, or if it stays locked.
    pub fn keep_in_keyring(&self, name: &str) -> Result<(), ConfigError> {
        let kept = entry(name)?.set_secret(self.to_text().expose().as_bytes());
        kept.map_err(|error| refused(name, error))
    }
}

fn entry(name: &str) -> Result<Entry, ConfigError> {
    Entry::new(SERVICE, name).map_err(|error| refused(name, error))
}

/// Some errors hold what the keyring keeps: their text is not told.
fn refused(name: &str, error: Error) -> ConfigError {
    let refused = told(name, "cannot be had; is there a keyring, and is it unlocked?");
    match error {
        Error::PlatformFailure(_) | Error::NoStorageAccess(_) | Error::NoDefaultStore => {
            refused.with_source(error)
        }
        _ => refused,
    }
}

fn told(name: &str, problem: &'static str) -> ConfigError {
    ConfigError::new(format!("sealing key {} in the keyring", name.escape_default()), problem)
}

/// Under which service the keyring lists the keys.
const SERVICE: &str = "auth-layer";
