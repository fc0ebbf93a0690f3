//! `Credential`: a client's id and secret.

use std::path::Path;

use super::secret::Secret;
use super::secret_source::SecretSource;
use crate::error::{BoxError, ConfigError, Error};

/// A client's id and secret. They are sent only to the token endpoint and to the provider's other OAuth endpoints.
///
/// ```
/// use auth_layer::Credential;
///
/// let credential = Credential::new("my-client", "my-secret");
/// assert_eq!(format!("{credential:?}"), r#"Credential { id: "my-client", secret: Secret(..) }"#);
///
/// // A secret that another program changes now and then.
/// let mounted = Credential::from_file("my-client", "/run/secrets/my-client");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    id: String,
    secret: SecretSource,
}

impl Credential {
    /// Creates a credential from a client id and a secret. The secret may also be a [`SecretSource`] that is read for
    /// each exchange.
    ///
    /// An id or a secret without a visible character is a [`ConfigError`] when the exchange or the sign-in is built.
    pub fn new(id: impl Into<String>, secret: impl Into<SecretSource>) -> Self {
        Self { id: id.into(), secret: secret.into() }
    }

    /// Creates a credential for a public client, which has no secret.
    pub fn public(id: impl Into<String>) -> Self {
        Self::new(id, "")
    }

    /// Creates a credential whose secret is read from a file for each exchange, so that a new secret needs no restart.
    ///
    /// [`SecretSource::from_file`] describes what happens if the file cannot be read.
    pub fn from_file(id: impl Into<String>, path: impl AsRef<Path>) -> Self {
        Self { id: id.into(), secret: SecretSource::from_file(path) }
    }

    /// Creates a credential whose secret is returned by a function for each exchange, such as one that runs a helper
    /// program.
    ///
    /// [`SecretSource::from_fn`] describes where `ask` runs, and what happens if it fails. Its error must not hold a
    /// secret.
    ///
    /// ```
    /// use auth_layer::{Credential, Secret};
    ///
    /// let credential = Credential::from_fn("my-client", || {
    ///     let shown = std::process::Command::new("pass").arg("my-client").output()?;
    ///     if !shown.status.success() {
    ///         return Err(format!("pass ended with {}", shown.status).into());
    ///     }
    ///     // Not `String::from_utf8`: its error would hold the secret.
    ///     Ok(Secret::new(std::str::from_utf8(&shown.stdout)?.trim_end()))
    /// });
    /// ```
    pub fn from_fn<F>(id: impl Into<String>, ask: F) -> Self
    where
        F: Fn() -> Result<Secret, BoxError> + Send + Sync + 'static,
    {
        Self { id: id.into(), secret: SecretSource::from_fn(ask) }
    }

    /// Returns the client id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the client's secret, which is empty for a public client. `None` if it is read for each exchange.
    pub const fn secret(&self) -> Option<&Secret> {
        self.secret.fixed()
    }

    /// Returns an error for a fixed secret without a visible character.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        self.secret.check("client secret")
    }

    /// Gets the secret for one exchange.
    pub(crate) async fn read(&self) -> Result<Secret, Error> {
        self.secret.read("the client's secret").await
    }
}
