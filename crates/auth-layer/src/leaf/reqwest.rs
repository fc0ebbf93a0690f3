//! The leaf on reqwest: reqwest's TLS and its connection pool.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper_util::client::proxy::matcher::Intercept;
use tower_service::Service;
use zeroize::Zeroizing;

use super::connect_timeout::CONNECT_TIMEOUT;
use super::length::with_length;
use super::proxies::Proxies;
use crate::endpoint::OneShot;
use crate::error::{BoxError, ConfigError};
use crate::url::check_port;

/// A [`reqwest::Client`] as a tower service over `http` types. Clones share one pool.
///
/// A `POST`, `PUT` or `PATCH` without content has `content-length: 0` (RFC 9110 section 8.6). reqwest would leave the
/// header out.
///
/// A token request with a single-use grant gets its own connection (see [`Transport`](crate::Transport)).
///
/// ```
/// use auth_layer::leaf::reqwest::ReqwestLeaf;
///
/// // The defaults: no redirects, 10 s to connect.
/// let leaf = ReqwestLeaf::new()?;
/// # Ok::<(), auth_layer::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ReqwestLeaf {
    pooled: reqwest::Client,
    one_shot: OneShotClient,
}

/// The client for token requests with a single-use grant.
#[derive(Clone, Debug)]
enum OneShotClient {
    /// Without a second client, the pooled client sends them.
    Missing,
    /// The user of the leaf gave it.
    Given(reqwest::Client),
    /// It is built for the first such request, because building reads the certificates of the platform again.
    Built(Arc<OnceLock<reqwest::Client>>, Proxies),
}

impl ReqwestLeaf {
    /// Creates a client that follows no redirects and takes at most 10 s to connect.
    ///
    /// It uses the proxies that the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`) or else the
    /// operating system names at the time of this call. A request to this machine (`localhost`, a name below it, or a
    /// loopback address) uses no proxy. It may be plain http, so a proxy could read its secrets.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if TLS cannot be set up.
    pub fn new() -> Result<Self, ConfigError> {
        let proxies = Proxies::from_system();
        let pooled = settings(proxies.clone())
            .build()
            .map_err(|error| ConfigError::new("reqwest client", "cannot be built").with_source(error))?;
        Ok(Self { pooled, one_shot: OneShotClient::Built(Arc::default(), proxies) })
    }

    /// Wraps a client that you built, for example one with a proxy.
    ///
    /// - **Proxies:** the client's own proxies are used. By default reqwest also sends plain http requests to this
    ///   machine through `HTTP_PROXY`. If such requests carry secrets, call `no_proxy` on its builder, or name this
    ///   machine in `NO_PROXY`.
    /// - **Redirects** must be off ([`redirect::Policy::none`](reqwest::redirect::Policy::none)). The layers do not see
    ///   the redirects that reqwest follows, and a redirect of the token endpoint would send the client's secret
    ///   elsewhere.
    /// - **Token requests:** if the leaf sends them, add a second client with [`with_one_shot`](Self::with_one_shot).
    ///   Otherwise a refresh token may be sent on an idle connection that the server has just closed. If a second use
    ///   revokes the sign-in, that token counts as used, and a person has to sign in again.
    pub const fn from_client(client: reqwest::Client) -> Self {
        Self { pooled: client, one_shot: OneShotClient::Missing }
    }

    /// Adds a second client for token requests with a single-use grant. Give it the settings of the first client, but
    /// no idle connections.
    ///
    /// ```
    /// use auth_layer::leaf::reqwest::ReqwestLeaf;
    /// use reqwest::redirect::Policy;
    ///
    /// // The settings that both clients have.
    /// let settings = || reqwest::Client::builder().redirect(Policy::none()).no_proxy();
    /// let leaf = ReqwestLeaf::from_client(settings().build()?)
    ///     .with_one_shot(settings().pool_max_idle_per_host(0).build()?);
    /// # Ok::<(), reqwest::Error>(())
    /// ```
    #[must_use]
    pub fn with_one_shot(mut self, client: reqwest::Client) -> Self {
        self.one_shot = OneShotClient::Given(client);
        self
    }

    fn client(&self, is_one_shot: bool) -> Result<reqwest::Client, reqwest::Error> {
        match &self.one_shot {
            OneShotClient::Given(client) if is_one_shot => Ok(client.clone()),
            OneShotClient::Built(built, proxies) if is_one_shot => match built.get() {
                Some(client) => Ok(client.clone()),
                None => {
                    let client = settings(proxies.clone()).pool_max_idle_per_host(0).build()?;
                    // Two threads may build one at the same time. Both then use the one that was stored first.
                    Ok(built.get_or_init(|| client).clone())
                }
            },
            _ => Ok(self.pooled.clone()),
        }
    }
}

/// The settings of both clients of a leaf.
fn settings(proxies: Proxies) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        // reqwest would also use the environment's proxies for requests to this machine.
        .no_proxy()
        .proxy(reqwest::Proxy::custom(move |target| {
            proxies.intercept(&target.as_str().parse().ok()?).map(|proxy| url_of(&proxy))
        }))
        .connect_timeout(CONNECT_TIMEOUT)
}

impl<B> Service<Request<B>> for ReqwestLeaf
where
    B: Body<Data = Bytes> + Send + Sync + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<reqwest::Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // The client has no limit: it is always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let client = self.client(request.extensions().get::<OneShot>().is_some());
        Box::pin(async move {
            let client = client?;
            check_port(request.uri())?;
            let request = with_length(request).map(reqwest::Body::wrap);
            // reqwest's error text contains the URL with its query, which may hold a secret.
            let request = request.try_into().map_err(reqwest::Error::without_url)?;
            let response = client.execute(request).await.map_err(reqwest::Error::without_url)?;
            Ok(response.into())
        })
    }
}

/// Returns a proxy's URL in the form that reqwest expects: with its user and password, if there are any.
fn url_of(proxy: &Intercept) -> String {
    let with_user = |user: &str, password: &str| {
        // Every byte is encoded, so that `@` and `:` in a password cannot end it.
        let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
        let authority = proxy.uri().authority().map_or("", |authority| authority.as_str());
        let scheme = proxy.uri().scheme_str().unwrap_or("http");
        format!("{scheme}://{}:{}@{authority}", encoded(user), encoded(password))
    };
    if let Some((user, password)) = proxy.raw_auth() {
        return with_user(user, password);
    }
    let basic = proxy.basic_auth().and_then(|basic| basic.to_str().ok()?.strip_prefix("Basic "));
    let pair = basic.and_then(|basic| STANDARD.decode(basic).ok()).map(Zeroizing::new);
    match pair.as_ref().and_then(|pair| std::str::from_utf8(pair).ok()?.split_once(':')) {
        Some((user, password)) => with_user(user, password),
        None => proxy.uri().to_string(),
    }
}
