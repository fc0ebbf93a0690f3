//! Sealing keys in the keyring of the operating system.

use keyring::v1::{Entry, Error};
use zeroize::Zeroizing;

use super::sealing::SealingKey;
use crate::error::ConfigError;

impl SealingKey {
    /// Reads a key from the operating system's keyring. Returns `None` if the keyring has no entry of that name.
    ///
    /// The keyring is the keychain on macOS, the credential manager on Windows and the Secret Service elsewhere. This
    /// blocks, and the keyring may ask the person to unlock it.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if there is no keyring, if it stays locked, or if the entry is not a sealing key.
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
        let invalid = || keyring_error(name, "is not a valid sealing key; write a new one");
        let text = std::str::from_utf8(&kept).map_err(|_| invalid())?;
        Self::from_text(text).map(Some).map_err(|_| invalid())
    }

    /// Writes the key to the operating system's keyring. It replaces an entry of the same name.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if there is no keyring, or if it stays locked.
    pub fn keep_in_keyring(&self, name: &str) -> Result<(), ConfigError> {
        let kept = entry(name)?.set_secret(self.to_text().expose().as_bytes());
        kept.map_err(|error| refused(name, error))
    }
}

fn entry(name: &str) -> Result<Entry, ConfigError> {
    Entry::new(SERVICE, name).map_err(|error| refused(name, error))
}

/// Returns an error for a keyring that cannot be used.
fn refused(name: &str, error: Error) -> ConfigError {
    let refused =
        keyring_error(name, "cannot be read or written; check that a keyring is running and unlocked");
    // Only these errors become the source. The others may hold the secret itself.
    match error {
        Error::PlatformFailure(_) | Error::NoStorageAccess(_) | Error::NoDefaultStore => {
            refused.with_source(error)
        }
        _ => refused,
    }
}

fn keyring_error(name: &str, problem: &'static str) -> ConfigError {
    ConfigError::new(format!("sealing key {} in the keyring", name.escape_default()), problem)
}

/// The service that the keyring lists the keys under.
const SERVICE: &str = "auth-layer";
