//! Authentication of GBG GO's clients:
//! <https://docs.go.gbgplc.com/docs/go-v2/developer-integration/execute-customer-journeys/authenticate>.

use std::path::Path;

use auth_layer::{BoxError, ConfigError, Credential, Grant, Profile, Secret, SecretSource, TokenManager};
use client_core::{Api, Builder, Login, Provider, Variables};

use crate::{Client, generated};

/// A builder of a [`Client`].
///
/// ```
/// use gbg_go_client::{Client, Credentials};
///
/// let client = Client::builder()
///     .credentials(Credentials::new("client-id", "client-secret"))
///     .base_url("http://127.0.0.1:8080/v2/captain")
///     .token_url("http://127.0.0.1:8081/as/token.oauth2")
///     .build()?;
/// # Ok::<(), auth_layer::ConfigError>(())
/// ```
pub type ClientBuilder = Builder<Client>;

/// An API client's id and its secret, from the Clients tab of the Account management portal.
///
/// ```
/// let credentials = gbg_go_client::Credentials::new("client-id", "client-secret");
/// assert!(!format!("{credentials:?}").contains("client-secret"));
/// ```
#[derive(Clone, Debug)]
pub struct Credentials(Credential);

impl Credentials {
    /// Creates credentials from an API client's id and secret.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<SecretSource>) -> Self {
        Self(Credential::new(client_id, client_secret))
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
    /// use gbg_go_client::{Client, Credentials};
    ///
    /// let client = Client::builder()
    ///     .credentials(Credentials::from_file("client-id", "/run/secrets/gbg-go"))
    ///     .build()?;
    /// # Ok::<(), gbg_go_client::ConfigError>(())
    /// ```
    pub fn from_file(client_id: impl Into<String>, path: impl AsRef<Path>) -> Self {
        Self::new(client_id, SecretSource::from_file(path))
    }

    /// Creates credentials whose secret comes from a function, for example from a key store or a helper program.
    ///
    /// The function is called for each token request, on a thread where it may block. If it fails, the call fails with
    /// [`ErrorKind::Secret`], which is transient. The function's error is shown, so it must not contain a secret (see
    /// [`SecretSource::from_fn`]).
    ///
    /// [`ErrorKind::Secret`]: auth_layer::ErrorKind::Secret
    pub fn from_fn<F>(client_id: impl Into<String>, ask: F) -> Self
    where
        F: Fn() -> Result<Secret, BoxError> + Send + Sync + 'static,
    {
        Self::new(client_id, SecretSource::from_fn(ask))
    }
}

impl From<Credentials> for Login {
    fn from(credentials: Credentials) -> Self {
        Self::new(credentials.0, Grant::ClientCredentials)
    }
}

/// The region in which journeys run. All regions get their tokens from the same host.
///
/// ```
/// use gbg_go_client::{Client, Credentials, Region};
///
/// let client = Client::builder_in(Region::Us)
///     .credentials(Credentials::new("client-id", "client-secret"))
///     .build()?;
/// # Ok::<(), auth_layer::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a new region is a change of the API that callers should see")]
pub enum Region {
    /// Europe.
    #[default]
    Eu,
    /// The United States.
    Us,
    /// Australia.
    Au,
}

impl Region {
    /// Returns the base URL of the region's API.
    pub const fn base_url(self) -> &'static str {
        match self {
            Self::Eu => "https://eu.platform.go.gbgplc.com/v2/captain",
            Self::Us => "https://us.platform.go.gbgplc.com/v2/captain",
            Self::Au => "https://au.platform.go.gbgplc.com/v2/captain",
        }
    }
}

impl Client {
    /// Starts a builder for the European region. It needs credentials, or a manager that other clients share.
    pub fn builder() -> ClientBuilder {
        Builder::new()
    }

    /// Starts a builder for a region. It needs credentials, or a manager that other clients share.
    pub fn builder_in(region: Region) -> ClientBuilder {
        Self::builder().base_url(region.base_url())
    }

    /// Creates a client from the environment: `GBG_GO_CLIENT_ID` and `GBG_GO_CLIENT_SECRET`, and optionally
    /// `GBG_GO_BASE_URL` and `GBG_GO_TOKEN_URL`.
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
    const APIS: &'static [Api<()>] = &[Api::new((), Region::Eu.base_url(), "GBG_GO_BASE_URL")];
    const TOKEN_URL_VARIABLE: &'static str = "GBG_GO_TOKEN_URL";
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
        let (id, secret) =
            (variables.require("GBG_GO_CLIENT_ID")?, variables.require("GBG_GO_CLIENT_SECRET")?);
        Ok(Credentials::new(id, secret))
    }

    fn from_parts(base_urls: Vec<String>, client: client_core::Client) -> Self {
        Self::from_parts(&base_urls.concat(), client)
    }
}
