//! The long-lived thing that is traded for tokens.

use std::path::Path;

use crate::config_error::ConfigError;
use crate::error::{BoxError, Error};
use crate::secret::Secret;
use crate::secret_source::SecretSource;

/// A client's id and secret. It travels to the token endpoint, and to the provider's others beside it, and nowhere
/// else.
///
/// ```
/// use auth_layer::Credential;
///
/// let credential = Credential::new("my-client", "my-secret");
/// assert_eq!(format!("{credential:?}"), r#"Credential { id: "my-client", secret: Secret(..) }"#);
///
/// // A secret that somebody else changes now and then.
/// let mounted = Credential::from_file("my-client", "/run/secrets/my-client");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    id: String,
    secret: SecretSource,
}

impl Credential {
    /// A client's id and secret, or where the secret is read from for each exchange ([`SecretSource`]).
    ///
    /// An id or a secret without a visible character is a [`ConfigError`] when the exchange or the sign-in is built.
    pub fn new(id: impl Into<String>, secret: impl Into<SecretSource>) -> Self {
        Self { id: id.into(), secret: secret.into() }
    }

    /// A public client, which has no secret.
    pub fn public(id: impl Into<String>) -> Self {
        Self::new(id, "")
    }

    /// A client whose secret is read from a file for each exchange, so that a new one serves without a restart.
    ///
    /// What may go wrong is told at [`SecretSource::from_file`].
    pub fn from_file(id: impl Into<String>, path: impl AsRef<Path>) -> Self {
        Self { id: id.into(), secret: SecretSource::from_file(path) }
    }

    /// A client whose secret is asked for at each exchange: of a key store, or of a helper program.
    ///
    /// Where `ask` runs, what its failure means, and that its error must hold no secret, is told at
    /// [`SecretSource::from_fn`].
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

    /// The client's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The client's secret, empty for a public client; `None` if it is read anew for each exchange.
    pub const fn secret(&self) -> Option<&Secret> {
        self.secret.fixed()
    }

    /// Refuses a secret without a visible character, if it is kept here.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        self.secret.check("client secret")
    }

    /// Gets the secret for one exchange.
    pub(crate) async fn read(&self) -> Result<Secret, Error> {
        self.secret.read("the client's secret").await
    }
}
