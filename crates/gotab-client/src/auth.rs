//! How GoTab knows its clients: <https://docs.gotab.io/getting-started/authentication/>.

use std::path::Path;

use auth_layer::{BoxError, ConfigError, Credential, Grant, Profile, Secret, SecretSource, TokenManager};
use client_core::{Api, Builder, Identity, Provider, Variables};

use crate::Client;

/// Makes a [`Client`].
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
pub struct Credentials(Identity);

impl Credentials {
    /// An access id (`api_access_id`) and its secret (`api_access_secret`).
    pub fn new(access_id: impl Into<String>, access_secret: impl Into<SecretSource>) -> Self {
        Self(Identity::new(Credential::new(access_id, access_secret), Grant::ClientCredentials))
    }

    /// An access id, and the file that holds its secret, such as a mounted one that is rotated.
    ///
    /// The file is read for each token request, so that a new secret serves without a restart. One that cannot be read, is
    /// empty or is longer than 64 KiB fails the call with [`ErrorKind::Secret`], which is transient; line ends at its end
    /// are not part of the secret (see [`SecretSource::from_file`]).
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

    /// An access id, and a function that is asked for its secret: of a key store, or of a helper program.
    ///
    /// It is asked for each token request, on a thread where it may block. Its failure fails the call with
    /// [`ErrorKind::Secret`], which is transient. Its error is shown, and must hold no secret (see
    /// [`SecretSource::from_fn`]).
    ///
    /// [`ErrorKind::Secret`]: auth_layer::ErrorKind::Secret
    pub fn from_fn<F>(access_id: impl Into<String>, ask: F) -> Self
    where
        F: Fn() -> Result<Secret, BoxError> + Send + Sync + 'static,
    {
        Self::new(access_id, SecretSource::from_fn(ask))
    }

    /// An access id and its secret, and the account under which a GoTab user's sign-in is kept in the client's store: the
    /// client then acts as that user, with what the user may do.
    ///
    /// It is what `tokenctl login gotab` leaves there. Source:
    /// <https://docs.gotab.io/docs/authorization-code-grant-flow>.
    pub fn signed_in(
        access_id: impl Into<String>,
        access_secret: impl Into<SecretSource>,
        account: impl Into<String>,
    ) -> Self {
        Self(Identity::signed_in(Credential::new(access_id, access_secret), account))
    }
}

impl From<Credentials> for Identity {
    fn from(credentials: Credentials) -> Self {
        credentials.0
    }
}

impl Client {
    /// A client to be given credentials, or a manager shared with others.
    pub fn builder() -> ClientBuilder {
        Builder::new()
    }

    /// A client whose credentials are in the environment: `GOTAB_ACCESS_ID`, `GOTAB_ACCESS_SECRET`, and if need be
    /// `GOTAB_BASE_URL` and `GOTAB_TOKEN_URL`.
    ///
    /// Where `GOTAB_ACCOUNT` is set, it acts as the user whose sign-in `tokenctl login gotab` left in the file store under
    /// that account (see [`Builder::env`]); else as the application itself.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] naming the variable that is missing or wrong.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::builder().env()?.build()
    }

    /// The manager that keeps this client's token; give it to other clients that are to share the token.
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
        Profile::gotab()
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
