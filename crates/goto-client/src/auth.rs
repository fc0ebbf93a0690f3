//! Authentication of GoTo's clients: <https://developer.goto.com/guides/Authentication/05_HOW_refreshToken>.

use std::path::Path;

use auth_layer::{
    BoxError, CallBearer, ConfigError, Credential, Grant, Profile, RefreshToken, Secret, SecretSource,
    TokenManager,
};
use client_core::{Api, Builder, DEFAULT_ACCOUNT, Login, Provider, Variables};

use crate::{admin, generated, webinar};

/// A client of GoTo's APIs with one token. It is cheap to clone. Clones share connections and token.
///
/// ```no_run
/// # async fn show(client: goto_client::Client) -> Result<(), Box<dyn std::error::Error>> {
/// let me = client.admin().get_me().send().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    admin: admin::Client,
    webinar: webinar::Client,
    core: client_core::Client,
}

/// A builder of a [`Client`].
///
/// ```
/// use goto_client::{Client, Credentials, GotoApi};
///
/// let client = Client::builder()
///     .credentials(Credentials::new("client-id", "client-secret", "refresh-token"))
///     .api_url(GotoApi::Webinar, "http://127.0.0.1:8080/G2W/rest/v2")
///     .build()?;
/// # Ok::<(), auth_layer::ConfigError>(())
/// ```
pub type ClientBuilder = Builder<Client>;

/// The name of one of GoTo's APIs, for [`Builder::api_url`].
///
/// ```
/// assert_ne!(goto_client::GotoApi::Admin, goto_client::GotoApi::Webinar);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GotoApi {
    /// The API for accounts and users.
    Admin,
    /// The API for webinars and their registrants.
    Webinar,
}

/// A client's id and secret, and the token that it exchanges: the refresh token of a person's first sign-in, or a
/// personal access token.
///
/// ```
/// use goto_client::Credentials;
///
/// let person = Credentials::new("client-id", "client-secret", "refresh-token");
/// let program = Credentials::personal_access_token("client-id", "client-secret", "personal-token");
/// assert!(!format!("{person:?} {program:?}").contains("-token"));
/// ```
#[derive(Clone, Debug)]
pub struct Credentials(Login);

impl Credentials {
    /// Creates credentials from a client's id and secret, and an initial refresh token.
    pub fn new(
        client_id: impl Into<String>,
        client_secret: impl Into<SecretSource>,
        refresh_token: impl Into<Secret>,
    ) -> Self {
        let grant = Grant::refresh_token(RefreshToken::new(refresh_token));
        Self(Login::new(Credential::new(client_id, client_secret), grant))
    }

    /// Creates credentials whose secret is read from a file, such as a mounted file that is rotated.
    ///
    /// The file is read for each token request, so a new secret takes effect without a restart. If the file cannot be
    /// read, is empty or is longer than 64 KiB, the call fails with [`ErrorKind::Secret`], which is transient. Line
    /// breaks at the end of the file are not part of the secret (see [`SecretSource::from_file`]). All constructors
    /// accept such a source as the secret:
    ///
    /// [`ErrorKind::Secret`]: auth_layer::ErrorKind::Secret
    ///
    /// ```
    /// use goto_client::{Credentials, SecretSource};
    ///
    /// let started = Credentials::from_file("client-id", "/run/secrets/goto", "refresh-token");
    /// let signed_in =
    ///     Credentials::signed_in("client-id", SecretSource::from_file("/run/secrets/goto"), "default");
    /// ```
    pub fn from_file(
        client_id: impl Into<String>,
        path: impl AsRef<Path>,
        refresh_token: impl Into<Secret>,
    ) -> Self {
        Self::new(client_id, SecretSource::from_file(path), refresh_token)
    }

    /// Creates credentials whose secret comes from a function, for example from a key store or a helper program.
    ///
    /// The function is called for each token request, on a thread where it may block. If it fails, the call fails with
    /// [`ErrorKind::Secret`], which is transient. The function's error is shown, so it must not contain a secret (see
    /// [`SecretSource::from_fn`]).
    ///
    /// [`ErrorKind::Secret`]: auth_layer::ErrorKind::Secret
    pub fn from_fn<F>(client_id: impl Into<String>, ask: F, refresh_token: impl Into<Secret>) -> Self
    where
        F: Fn() -> Result<Secret, BoxError> + Send + Sync + 'static,
    {
        Self::new(client_id, SecretSource::from_fn(ask), refresh_token)
    }

    /// Creates credentials for a person whose sign-in is in the client's store under `account`.
    ///
    /// `tokenctl login goto` puts the sign-in into the store. It uses the account [`DEFAULT_ACCOUNT`] unless
    /// `--account` names another.
    ///
    /// ```no_run
    /// use auth_layer::FileStore;
    /// use client_core::DEFAULT_ACCOUNT;
    /// use goto_client::{Client, Credentials};
    /// use std::sync::Arc;
    ///
    /// let store = FileStore::from_env(&|name| std::env::var(name).ok())?;
    /// let client = Client::builder()
    ///     .credentials(Credentials::signed_in("client-id", "client-secret", DEFAULT_ACCOUNT))
    ///     .store(Arc::new(store))
    ///     .build()?;
    /// # Ok::<(), auth_layer::ConfigError>(())
    /// ```
    pub fn signed_in(
        client_id: impl Into<String>,
        client_secret: impl Into<SecretSource>,
        account: impl Into<String>,
    ) -> Self {
        Self(Login::signed_in(Credential::new(client_id, client_secret), account))
    }

    /// Creates credentials from a client's id and secret, and a personal access token. A person creates that token at
    /// <https://myaccount.goto.com>. The client must be registered for this grant. The same personal access token is
    /// exchanged for each access token.
    pub fn personal_access_token(
        client_id: impl Into<String>,
        client_secret: impl Into<SecretSource>,
        token: impl Into<SecretSource>,
    ) -> Self {
        // The `grant_type` and the parameter are of GoTo only.
        let grant = Grant::custom("personal_access_token", [("pat", token)]);
        Self(Login::new(Credential::new(client_id, client_secret), grant))
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

    /// Creates a client from the environment: `GOTO_CLIENT_ID` and `GOTO_CLIENT_SECRET`, and optionally
    /// `GOTO_ADMIN_URL`, `GOTO_WEBINAR_URL` and `GOTO_TOKEN_URL`.
    ///
    /// The refresh token is in `GOTO_REFRESH_TOKEN`. If that is not set, the client uses the sign-in that
    /// `tokenctl login goto` stored in the file store under the account in `GOTO_ACCOUNT` (see [`Builder::env`]).
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] with the name of the variable that is missing or not valid.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::builder().env()?.build()
    }

    /// Returns the client of the API for accounts and users.
    pub const fn admin(&self) -> &admin::Client {
        &self.admin
    }

    /// Returns the client of the API for webinars and their registrants.
    pub const fn webinar(&self) -> &webinar::Client {
        &self.webinar
    }

    /// Returns a client whose requests carry `bearer` in place of the managed token. `bearer` is never renewed. If the
    /// API rejects it, the caller gets the 401.
    #[must_use]
    pub fn with_bearer(&self, bearer: CallBearer) -> Self {
        self.on(self.core.with_bearer(bearer))
    }

    /// Returns a client whose requests carry the token of `identity`. It needs a builder with a
    /// [`TokenPool`](auth_layer::TokenPool).
    #[must_use]
    pub fn with_identity(&self, identity: auth_layer::Identity) -> Self {
        self.on(self.core.with_identity(identity))
    }

    /// Returns the same client over another stack handle.
    fn on(&self, core: client_core::Client) -> Self {
        Self {
            admin: admin::Client { client: core.clone(), ..self.admin.clone() },
            webinar: webinar::Client { client: core.clone(), ..self.webinar.clone() },
            core,
        }
    }

    /// Returns the manager of this client's token. Give it to other clients that should share the token.
    pub const fn token_manager(&self) -> Option<&TokenManager> {
        self.core.token_manager()
    }
}

impl Provider for Client {
    type Credentials = Credentials;
    type Api = GotoApi;
    const APIS: &'static [Api<GotoApi>] = &[
        Api::new(GotoApi::Admin, "https://api.getgo.com/admin/rest/v1", "GOTO_ADMIN_URL"),
        Api::new(GotoApi::Webinar, "https://api.getgo.com/G2W/rest/v2", "GOTO_WEBINAR_URL"),
    ];
    const TOKEN_URL_VARIABLE: &'static str = "GOTO_TOKEN_URL";
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
        let (id, secret) = (variables.require("GOTO_CLIENT_ID")?, variables.require("GOTO_CLIENT_SECRET")?);
        // The variable has precedence over a sign-in in the store: an operator can replace the token without a sign-in.
        Ok(match variables.get("GOTO_REFRESH_TOKEN") {
            Some(refresh_token) => Credentials::new(id, secret, refresh_token),
            None => {
                let account = variables.get("GOTO_ACCOUNT").unwrap_or_else(|| DEFAULT_ACCOUNT.to_owned());
                Credentials::signed_in(id, secret, account)
            }
        })
    }

    fn from_parts(base_urls: Vec<String>, client: client_core::Client) -> Self {
        // The order of `APIS`.
        let url = |index: usize| base_urls.get(index).map_or("", String::as_str);
        Self {
            admin: admin::Client::from_parts(url(0), client.clone()),
            webinar: webinar::Client::from_parts(url(1), client.clone()),
            core: client,
        }
    }
}
