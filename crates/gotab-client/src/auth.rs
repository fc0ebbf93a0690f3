//! Authentication of GoTab's clients: <https://docs.gotab.io/getting-started/authentication/>.

use std::path::Path;

use auth_layer::{BoxError, ConfigError, Credential, Grant, Profile, Secret, SecretSource, TokenManager};
use client_core::{Api, Builder, Login, Provider, Variables};

use crate::{Client, generated};

/// A builder of a [`Client`].
///
/// ```
/// use gotab_client::{Client, Credentials};
///
/// let client = Client::builder()
///     .credentials(Credentials::new("access-id", "access-secret"))
///     .base_url("http://127.0.0.1:8080")
///     .token_url("http://127.0.0.1:8081/oauth/token")
///     .build()?;
/// # Ok::<(), auth_layer::ConfigError>(())
/// ```
pub type ClientBuilder = Builder<Client>;

/// An access id and its secret, from the Integration Dashboard.
///
/// ```
/// let credentials = gotab_client::Credentials::new("access-id", "access-secret");
/// assert!(!format!("{credentials:?}").contains("access-secret"));
/// ```
#[derive(Clone, Debug)]
pub struct Credentials(Login);

impl Credentials {
    /// Creates credentials from an access id (`api_access_id`) and its secret (`api_access_secret`).
    pub fn new(access_id: impl Into<String>, access_secret: impl Into<SecretSource>) -> Self {
        Self(Login::new(Credential::new(access_id, access_secret), Grant::ClientCredentials))
    }

    /// Creates credentials whose secret is read from a file, such as a mounted file that is rotated.
    ///
    /// The file is read for each token request, so a new secret takes effect without a restart. If the file cannot be
    /// read, is empty or is longer than 64 KiB, the call fails with [`ErrorKind::Secret`], which is transient. Line
    /// breaks at the end of the file are not part of the secret (see [`SecretSource::from_file`]).
    ///
    /// [`ErrorKind::Secret`]: auth_layer::ErrorKind::Secret
    ///
    /// ```
    /// use gotab_client::{Client, Credentials};
    ///
    /// let client = Client::builder()
    ///     .credentials(Credentials::from_file("access-id", "/run/secrets/gotab"))
    ///     .build()?;
    /// # Ok::<(), gotab_client::ConfigError>(())
    /// ```
    pub fn from_file(access_id: impl Into<String>, path: impl AsRef<Path>) -> Self {
        Self::new(access_id, SecretSource::from_file(path))
    }

    /// Creates credentials whose secret comes from a function, for example from a key store or a helper program.
    ///
    /// The function is called for each token request, on a thread where it may block. If it fails, the call fails with
    /// [`ErrorKind::Secret`], which is transient. The function's error is shown, so it must not contain a secret (see
    /// [`SecretSource::from_fn`]).
    ///
    /// [`ErrorKind::Secret`]: auth_layer::ErrorKind::Secret
    pub fn from_fn<F>(access_id: impl Into<String>, ask: F) -> Self
    where
        F: Fn() -> Result<Secret, BoxError> + Send + Sync + 'static,
    {
        Self::new(access_id, SecretSource::from_fn(ask))
    }

    /// Creates credentials for the GoTab user whose sign-in is in the client's store under `account`. The client acts
    /// as that user, with the user's permissions.
    ///
    /// `tokenctl login gotab` puts the sign-in into the store. Source:
    /// <https://docs.gotab.io/docs/authorization-code-grant-flow>.
    pub fn signed_in(
        access_id: impl Into<String>,
        access_secret: impl Into<SecretSource>,
        account: impl Into<String>,
    ) -> Self {
        Self(Login::signed_in(Credential::new(access_id, access_secret), account))
    }
}

impl From<Credentials> for Login {
    fn from(credentials: Credentials) -> Self {
        credentials.0
    }
}

impl Client {
    /// Starts a builder. It needs credentials, or a manager that other clients share.
    pub fn builder() -> ClientBuilder {
        Builder::new()
    }

    /// Creates a client from the environment: `GOTAB_ACCESS_ID` and `GOTAB_ACCESS_SECRET`, and optionally
    /// `GOTAB_BASE_URL` and `GOTAB_TOKEN_URL`.
    ///
    /// If `GOTAB_ACCOUNT` is set, the client acts as the user who signed in with `tokenctl login gotab` under that
    /// account (see [`Builder::env`]). Otherwise it acts as the application itself.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] with the name of the variable that is missing or not valid.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::builder().env()?.build()
    }

    /// Returns the manager of this client's token. Give it to other clients that should share the token.
    pub const fn token_manager(&self) -> Option<&TokenManager> {
        self.client.token_manager()
    }
}

impl Provider for Client {
    type Credentials = Credentials;
    type Api = ();
    const APIS: &'static [Api<()>] = &[Api::new((), "https://gotab.io", "GOTAB_BASE_URL")];
    const TOKEN_URL_VARIABLE: &'static str = "GOTAB_TOKEN_URL";
    const USER_AGENT: &'static str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

    fn profile() -> Profile {
        generated::profile_file().profile().expect("the file has no inputs")
    }

    fn sign_in_remedy() -> String {
        generated::profile_file().environment().remedy()
    }

    fn refresh_token_variable() -> String {
        generated::profile_file().environment().variable("REFRESH_TOKEN")
    }

    fn credentials(variables: &Variables<'_>) -> Result<Credentials, ConfigError> {
        let (id, secret) = (variables.require("GOTAB_ACCESS_ID")?, variables.require("GOTAB_ACCESS_SECRET")?);
        Ok(match variables.get("GOTAB_ACCOUNT") {
            Some(account) => Credentials::signed_in(id, secret, account),
            None => Credentials::new(id, secret),
        })
    }

    fn from_parts(base_urls: Vec<String>, client: client_core::Client) -> Self {
        Self::from_parts(&base_urls.concat(), client)
    }
}
