//! The leaf on reqwest: its TLS, its pool.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper_util::client::proxy::matcher::Intercept;
use tower_service::Service;
use zeroize::Zeroizing;

use super::CONNECT_TIMEOUT;
use super::length::with_length;
use super::proxies::Proxies;
use crate::config_error::ConfigError;
use crate::error::BoxError;
use crate::url::check_port;

/// A [`reqwest::Client`] as a tower service over `http` types. Clones share one pool.
///
/// A `POST`, `PUT` or `PATCH` without content has `content-length: 0` (RFC 9110 section 8.6), which reqwest by itself
/// leaves out.
///
/// ```
/// use auth_layer::leaf::reqwest::ReqwestLeaf;
///
/// // As it comes: no redirects, 10 s to connect.
/// let leaf = ReqwestLeaf::new()?;
/// # Ok::<(), auth_layer::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ReqwestLeaf(reqwest::Client);

impl ReqwestLeaf {
    /// A client that follows no redirects and takes at most 10 s to connect.
    ///
    /// It goes through the proxies that the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`) or else
    /// the operating system names when this is called. A request for this machine (`localhost`, a name below it, or a
    /// loopback address) goes through none: it may be plain http, in which a proxy would read the secrets.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if TLS cannot be set up.
    pub fn new() -> Result<Self, ConfigError> {
        let proxies = Proxies::from_system();
        reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            // What reqwest reads from the environment by itself applies to requests for this machine as well.
            .no_proxy()
            .proxy(reqwest::Proxy::custom(move |target| {
                proxies.intercept(&target.as_str().parse().ok()?).map(|proxy| url_of(&proxy))
            }))
            .connect_timeout(CONNECT_TIMEOUT)
            .build()
            .map(Self)
            .map_err(|error| ConfigError::new("reqwest client", "cannot be built").with_source(error))
    }

    /// A client that was built elsewhere, with a proxy for example.
    ///
    /// Its proxies are used as they are configured, since a client does not tell what they are. By itself reqwest sends
    /// plain http for this machine through `HTTP_PROXY` too, secrets included: call `no_proxy` on its builder, or name
    /// this machine in `NO_PROXY`, if such requests carry any.
    ///
    /// Its redirects must be off ([`redirect::Policy::none`](reqwest::redirect::Policy::none)): what reqwest
    /// follows happens below every layer, and a token endpoint's redirect would carry the client's secret on.
    pub const fn from_client(client: reqwest::Client) -> Self {
        Self(client)
    }
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
        // The client has no limit of its own: it queues and pools inside.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let client = self.0.clone();
        Box::pin(async move {
            check_port(request.uri())?;
            let request = with_length(request).map(reqwest::Body::wrap);
            // The text of reqwest's error holds the URL with its query, which may be a secret.
            let request = request.try_into().map_err(reqwest::Error::without_url)?;
            let response = client.execute(request).await.map_err(reqwest::Error::without_url)?;
            Ok(response.into())
        })
    }
}

/// A proxy's URL as reqwest takes it: with its user and password, if there are any.
fn url_of(proxy: &Intercept) -> String {
    let with_user = |user: &str, password: &str| {
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
