//! How Octotable knows its clients: <https://octotable-1.gitbook.io/octotable-api/authentication/quickstart>.

use auth_layer::{ConfigError, Credential, Grant, Profile, Secret, TokenManager};
use client_core::{Api, Builder, Identity, Provider, Variables};

use crate::Client;

/// Makes a [`Client`].
///
/// ```
/// use octotable_client::{Client, Credentials};
///
/// let client = Client::builder()
///     .credentials(Credentials::new("client-id", "client-secret"))
///     .base_url("http://127.0.0.1:8080/octotable-pms/api/v2")
///     .token_url("http://127.0.0.1:8081/octotable-pms/api/v2/oauth2/token")
///     .build()?;
/// # Ok::<(), auth_layer::ConfigError>(())
/// ```
pub type ClientBuilder = Builder<Client>;

/// A client id and its secret, as creating an API client hands them out.
///
/// ```
/// let credentials = octotable_client::Credentials::new("client-id", "client-secret");
/// assert!(!format!("{credentials:?}").contains("client-secret"));
/// ```
#[derive(Clone, Debug)]
pub struct Credentials(Credential);

impl Credentials {
    /// A client's id and its secret.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<Secret>) -> Self {
        Self(Credential::new(client_id, client_secret))
    }
}

impl From<Credentials> for Identity {
    fn from(credentials: Credentials) -> Self {
        Self::new(credentials.0, Grant::ClientCredentials)
    }
}

impl Client {
    /// A client to be given credentials, or a manager shared with others.
    pub fn builder() -> ClientBuilder {
        Builder::new()
    }

    /// A client whose credentials are in the environment: `OCTOTABLE_CLIENT_ID`, `OCTOTABLE_CLIENT_SECRET`, and if need be
    /// `OCTOTABLE_BASE_URL` and `OCTOTABLE_TOKEN_URL`.
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
    const APIS: &'static [Api<()>] =
        &[Api::new((), "https://api.octorate.com/octotable-pms/api/v2", "OCTOTABLE_BASE_URL")];
    const TOKEN_URL_VARIABLE: &'static str = "OCTOTABLE_TOKEN_URL";
    const USER_AGENT: &'static str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

    fn profile() -> Profile {
        Profile::octotable()
    }

    fn credentials(variables: &Variables<'_>) -> Result<Credentials, ConfigError> {
        let (id, secret) =
            (variables.require("OCTOTABLE_CLIENT_ID")?, variables.require("OCTOTABLE_CLIENT_SECRET")?);
        Ok(Credentials::new(id, secret))
    }

    fn from_parts(base_urls: Vec<String>, client: client_core::Client) -> Self {
        Self::from_parts(&base_urls.concat(), client)
    }
}
