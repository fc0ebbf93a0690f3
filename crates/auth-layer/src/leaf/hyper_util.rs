//! The leaf on hyper-util: HTTP/1.1 and HTTP/2, rustls on aws-lc-rs, the platform's certificate verifier.

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::PROXY_AUTHORIZATION;
use http::uri::Scheme;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client, Error, ResponseFuture};
use hyper_util::rt::TokioExecutor;
use rustls::ClientConfig;
use tower_service::Service;

use super::connector::Connector;
use super::length::with_length;
use super::proxies::Proxies;
use crate::endpoint::OneShot;
use crate::error::{BoxError, ConfigError};

/// An HTTP client with a connection pool. It is a `tower::Service` over `http` types and follows no redirects. Clones
/// share one pool.
///
/// A `POST`, `PUT` or `PATCH` without content has `content-length: 0` (RFC 9110 section 8.6). hyper would leave the
/// header out.
///
/// It uses the proxies in the environment at the time of its creation: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and
/// `NO_PROXY`, in upper or lower case. A proxy's URL is `http`, `https`, `socks5` or `socks4`, and may have a user and
/// a password.
///
/// - A request to this machine (`localhost`, a name below it, or a loopback address) uses no proxy.
/// - A request to an `https` URL goes through a tunnel, so the proxy cannot read it.
/// - If `REQUEST_METHOD` is set, as for a CGI program, no proxy is used: there a client can set `HTTP_PROXY` with a
///   header.
///
/// A token request with a single-use grant gets its own connection (see [`Transport`](crate::Transport)).
///
/// If the port of a URL is not a number from 1 to 65535, the request fails with a [`ConfigError`] as the source.
/// Nothing is sent.
#[derive(Debug)]
pub struct HyperClient<B> {
    pooled: Inner<B>,
    /// A client with the same connector and TLS configuration, but without idle connections.
    one_shot: Arc<Inner<B>>,
    proxies: Proxies,
}

type Inner<B> = Client<HttpsConnector<Connector>, B>;

impl<B> Clone for HyperClient<B> {
    fn clone(&self) -> Self {
        Self { pooled: self.pooled.clone(), one_shot: self.one_shot.clone(), proxies: self.proxies.clone() }
    }
}

impl<B> Service<Request<B>> for HyperClient<B>
where
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    type Response = Response<Incoming>;
    type Error = Error;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        // The client has no limit: it is always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<B>) -> ResponseFuture {
        // A forwarding proxy expects its credentials on each request. For an `https` URL they are sent when the tunnel
        // is opened; on the request, the server would see them.
        if request.uri().scheme() == Some(&Scheme::HTTP)
            && let Some(proxy) = self.proxies.intercept(request.uri())
            && let Some(basic) = proxy.basic_auth()
        {
            request.headers_mut().insert(PROXY_AUTHORIZATION, basic.clone());
        }
        let client = match request.extensions().get::<OneShot>() {
            Some(OneShot) => &self.one_shot,
            None => &self.pooled,
        };
        client.request(with_length(request))
    }
}

/// Creates a client with a connection pool, for bodies of type `B`. Its connect timeout is 10 s. It uses TLS 1.2 or
/// later.
///
/// It can be created outside a runtime. Its calls need a tokio runtime.
///
/// # Errors
///
/// Returns [`ConfigError`] if the platform has no trusted certificates.
///
/// ```no_run
/// use auth_layer::leaf;
/// use http_body_util::Full;
///
/// let client = leaf::hyper_util::client::<Full<bytes::Bytes>>()?;
/// # Ok::<(), auth_layer::ConfigError>(())
/// ```
pub fn client<B>() -> Result<HyperClient<B>, ConfigError>
where
    B: Body<Data = Bytes> + Send,
{
    Wiring::new().map(|wiring| wiring.client())
}

/// The certificates, TLS sessions and proxies. Clients with separate pools share them.
#[derive(Clone, Debug)]
pub(super) struct Wiring {
    connector: HttpsConnector<Connector>,
    proxies: Proxies,
}

impl Wiring {
    /// Loads the platform's certificates and reads the environment's proxies.
    pub(super) fn new() -> Result<Self, ConfigError> {
        let refused = |error: rustls::Error| {
            let problem = "cannot be set up; check the certificates of the platform";
            ConfigError::new("TLS", problem).with_source(error)
        };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(ConfigBuilderExt::try_with_platform_verifier)
            .map_err(refused)?
            .with_no_client_auth();
        let proxies = Proxies::from_env();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls.clone())
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(Connector::new(tls, proxies.clone()));
        Ok(Self { connector, proxies })
    }

    /// Creates a client with its own pool. It loads no certificates.
    pub(super) fn client<B>(&self) -> HyperClient<B>
    where
        B: Body<Data = Bytes> + Send,
    {
        let mut builder = Client::builder(TokioExecutor::new());
        let pooled = builder.build(self.connector.clone());
        // Without idle connections, each request opens a new one, also over HTTP/2.
        let one_shot = Arc::new(builder.pool_max_idle_per_host(0).build(self.connector.clone()));
        HyperClient { pooled, one_shot, proxies: self.proxies.clone() }
    }
}
