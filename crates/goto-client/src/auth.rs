//! How GoTo knows its clients: <https://developer.goto.com/guides/Authentication/05_HOW_refreshToken>.

use std::path::Path;

use auth_layer::{
    BoxError, CallBearer, ConfigError, Credential, Grant, Profile, RefreshToken, Secret, SecretSource,
    TokenManager,
};
use client_core::{Api, Builder, DEFAULT_ACCOUNT, Identity, Provider, Variables};

use crate::{admin, webinar};

/// GoTo's APIs on one token. A cheap handle: clones share connections and token.
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

/// Makes a [`Client`].
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

/// Tells GoTo's APIs apart, for [`Builder::api_url`].
///
/// ```
/// assert_ne!(goto_client::GotoApi::Admin, goto_client::GotoApi::Webinar);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GotoApi {
    /// Accounts and users.
    Admin,
    /// Webinars and their registrants.
    Webinar,
}

/// A client's id and secret, and what it trades: the refresh token that a person's first sign-in gave, or a personal
/// access token.
///
/// ```
/// use goto_client::Credentials;
///
/// let person = Credentials::new("client-id", "client-secret", "refresh-token");
/// let program = Credentials::personal_access_token("client-id", "client-secret", "personal-token");
/// assert!(!format!("{person:?} {program:?}").contains("-token"));
/// ```
#[derive(Clone, Debug)]
pub struct Credentials(Identity);

impl Credentials {
    /// A client's id and secret, and a refresh token to start from.
    pub fn new(
        client_id: impl Into<String>,
        client_secret: impl Into<SecretSource>,
        refresh_token: impl Into<Secret>,
    ) -> Self {
        let grant = Grant::refresh_token(RefreshToken::new(refresh_token));
        Self(Identity::new(Credential::new(client_id, client_secret), grant))
    }

    /// A client's id, the file that holds its secret, such as a mounted one that is rotated, and a refresh token to start
    /// from.
    ///
    /// The file is read for each token request, so that a new secret serves without a restart. One that cannot be read, is
    /// empty or is longer than 64 KiB fails the call with [`ErrorKind::Secret`], which is transient; line ends at its end
    /// are not part of the secret (see [`SecretSource::from_file`]). All constructors take such a source as the secret:
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

    /// A client's id, a function that is asked for its secret, of a key store or of a helper program, and a refresh token
    /// to start from.
    ///
    /// It is asked for each token request, on a thread where it may block. Its failure fails the call with
    /// [`ErrorKind::Secret`], which is transient. Its error is shown, and must hold no secret (see
    /// [`SecretSource::from_fn`]).
    ///
    /// [`ErrorKind::Secret`]: auth_layer::ErrorKind::Secret
    pub fn from_fn<F>(client_id: impl Into<String>, ask: F, refresh_token: impl Into<Secret>) -> Self
    where
        F: Fn() -> Result<Secret, BoxError> + Send + Sync + 'static,
    {
        Self::new(client_id, SecretSource::from_fn(ask), refresh_token)
    }

    /// A client's id and secret, and the account under which a person's sign-in is kept in the client's store.
    ///
    /// It is what `tokenctl login goto` leaves there, under the account [`DEFAULT_ACCOUNT`] unless it is told another.
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
        Self(Identity::signed_in(Credential::new(client_id, client_secret), account))
    }

    /// A client's id and secret, and a personal access token: made by a person at <https://myaccount.goto.com>, for a
    /// client that was registered with this grant. It is traded anew for each access token.
    pub fn personal_access_token(
        client_id: impl Into<String>,
        client_secret: impl Into<SecretSource>,
        token: impl Into<SecretSource>,
    ) -> Self {
        let grant = Grant::personal_access_token(token);
        Self(Identity::new(Credential::new(client_id, client_secret), grant))
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

    /// A client whose credentials are in the environment: `GOTO_CLIENT_ID`, `GOTO_CLIENT_SECRET`, and if need be
    /// `GOTO_ADMIN_URL`, `GOTO_WEBINAR_URL` and `GOTO_TOKEN_URL`.
    ///
    /// The refresh token is in `GOTO_REFRESH_TOKEN`. Where that is not set, it is the one that `tokenctl login goto` left
    /// in the file store, under the account that `GOTO_ACCOUNT` names (see [`Builder::env`]).
    ///
    /// # Errors
    ///
    /// [`ConfigError`] naming the variable that is missing or wrong.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::builder().env()?.build()
    }

    /// Accounts and users.
    pub const fn admin(&self) -> &admin::Client {
        &self.admin
    }

    /// Webinars and their registrants.
    pub const fn webinar(&self) -> &webinar::Client {
        &self.webinar
    }

    /// The same client, whose requests carry `bearer` in place of the managed token. It is never renewed; a rejection goes
    /// back to the caller.
    #[must_use]
    pub fn with_bearer(&self, bearer: CallBearer) -> Self {
        self.on(self.core.with_bearer(bearer))
    }

    /// The same client, whose requests carry the token of `identity`, where a [`TokenPool`](auth_layer::TokenPool) keeps the
    /// tokens.
    #[must_use]
    pub fn with_identity(&self, identity: auth_layer::Identity) -> Self {
        self.on(self.core.with_identity(identity))
    }

    fn on(&self, core: client_core::Client) -> Self {
        Self {
            admin: admin::Client { client: core.clone(), ..self.admin.clone() },
            webinar: webinar::Client { client: core.clone(), ..self.webinar.clone() },
            core,
        }
    }

    /// The manager that keeps this client's token; give it to other clients that are to share the token.
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
        Profile::goto()
    }

    fn credentials(variables: &Variables<'_>) -> Result<Credentials, ConfigError> {
        let (id, secret) = (variables.require("GOTO_CLIENT_ID")?, variables.require("GOTO_CLIENT_SECRET")?);
        Ok(match variables.get("GOTO_REFRESH_TOKEN") {
            Some(refresh_token) => Credentials::new(id, secret, refresh_token),
            None => {
                let account = variables.get("GOTO_ACCOUNT").unwrap_or_else(|| DEFAULT_ACCOUNT.to_owned());
                Credentials::signed_in(id, secret, account)
            }
        })
    }

    fn from_parts(base_urls: Vec<String>, client: client_core::Client) -> Self {
        let url = |index: usize| base_urls.get(index).map_or("", String::as_str);
        Self {
            admin: admin::Client::from_parts(url(0), client.clone()),
            webinar: webinar::Client::from_parts(url(1), client.clone()),
            core: client,
        }
    }
}
