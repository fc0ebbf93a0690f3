//! How GBG GO knows its clients:
//! <https://docs.go.gbgplc.com/docs/go-v2/developer-integration/execute-customer-journeys/authenticate>.

use std::path::Path;

use auth_layer::{BoxError, ConfigError, Credential, Grant, Profile, Secret, SecretSource, TokenManager};
use client_core::{Api, Builder, Identity, Provider, Variables};

use crate::Client;

/// Makes a [`Client`].
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
    /// An API client's id and its secret.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<SecretSource>) -> Self {
        Self(Credential::new(client_id, client_secret))
    }

    /// An API client's id, and the file that holds its secret, such as a mounted one that is rotated.
    ///
    /// The file is read for each token request, so that a new secret serves without a restart. One that cannot be read, is
    /// empty or is longer than 64 KiB fails the call with [`ErrorKind::Secret`], which is transient; line ends at its end
    /// are not part of the secret (see [`SecretSource::from_file`]).
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

    /// An API client's id, and a function that is asked for its secret: of a key store, or of a helper program.
    ///
    /// It is asked for each token request, on a thread where it may block. Its failure fails the call with
    /// [`ErrorKind::Secret`], which is transient. Its error is shown, and must hold no secret (see
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

impl From<Credentials> for Identity {
    fn from(credentials: Credentials) -> Self {
        Self::new(credentials.0, Grant::ClientCredentials)
    }
}

/// Where journeys run. Tokens come from one host for all regions.
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
#[expect(clippy::exhaustive_enums, reason = "a new region is a new promise to callers")]
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
    /// The base URL of the region's API.
    pub const fn base_url(self) -> &'static str {
        match self {
            Self::Eu => "https://eu.platform.go.gbgplc.com/v2/captain",
            Self::Us => "https://us.platform.go.gbgplc.com/v2/captain",
            Self::Au => "https://au.platform.go.gbgplc.com/v2/captain",
        }
    }
}

impl Client {
    /// A client of the European region, to be given credentials, or a manager shared with others.
    pub fn builder() -> ClientBuilder {
        Builder::new()
    }

    /// A client of a region, to be given credentials, or a manager shared with others.
    pub fn builder_in(region: Region) -> ClientBuilder {
        Self::builder().base_url(region.base_url())
    }

    /// A client whose credentials are in the environment: `GBG_GO_CLIENT_ID`, `GBG_GO_CLIENT_SECRET`, and if need be
    /// `GBG_GO_BASE_URL` and `GBG_GO_TOKEN_URL`.
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
    const APIS: &'static [Api<()>] = &[Api::new((), Region::Eu.base_url(), "GBG_GO_BASE_URL")];
    const TOKEN_URL_VARIABLE: &'static str = "GBG_GO_TOKEN_URL";
    const USER_AGENT: &'static str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

    fn profile() -> Profile {
        Profile::gbg_go()
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
