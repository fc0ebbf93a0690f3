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
use crate::config_error::ConfigError;
use crate::endpoint::OneShot;
use crate::error::BoxError;

/// A pooling client. It is a `tower::Service` over `http` types, and follows no redirects. Clones share one pool.
///
/// A `POST`, `PUT` or `PATCH` without content has `content-length: 0` (RFC 9110 section 8.6), which hyper by itself
/// leaves out.
///
/// It goes through the proxies that the environment named when it was made: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and
/// `NO_PROXY`, in upper or lower case. A proxy's URL is `http`, `https`, `socks5` or `socks4`, and may have a user and a
/// password.
///
/// - A request for this machine (`localhost`, a name below it, or a loopback address) goes through no proxy.
/// - What is sent to an `https` URL goes through a tunnel, in which the proxy reads nothing.
/// - Where `REQUEST_METHOD` is set, as for a CGI program, no proxy is used: there `HTTP_PROXY` is a client's header.
///
/// A token request that uses something up has a connection of its own (see [`Transport`](crate::Transport)).
///
/// A URL whose port is not a number from 1 to 65535 fails with a [`ConfigError`] as the cause, and nothing is sent.
#[derive(Debug)]
pub struct HyperClient<B> {
    pooled: Inner<B>,
    /// The same connector, and so the same TLS configuration, without idle connections.
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
        // The client has no limit of its own: it queues and pools inside.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<B>) -> ResponseFuture {
        // A proxy that forwards a request wants to know who asks with it. In a tunnel the server would see that.
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

/// Makes a pooling client for bodies of type `B`. Connecting may take 10 s; TLS is 1.2 or later.
///
/// It may be made outside a runtime; it needs tokio's when it is called.
///
/// # Errors
///
/// [`ConfigError`] if the platform has no certificates to trust.
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

/// The certificates, the TLS sessions and the proxies, which clients with pools of their own share.
#[derive(Clone, Debug)]
pub(super) struct Wiring {
    connector: HttpsConnector<Connector>,
    proxies: Proxies,
}

impl Wiring {
    /// Loads the platform's certificates and reads the environment's proxies.
    pub(super) fn new() -> Result<Self, ConfigError> {
        let refused = |error: rustls::Error| ConfigError::new("TLS", "cannot be set up").with_source(error);
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

    /// Makes a client with a pool of its own. It loads nothing.
    pub(super) fn client<B>(&self) -> HyperClient<B>
    where
        B: Body<Data = Bytes> + Send,
    {
        let mut builder = Client::builder(TokioExecutor::new());
        let pooled = builder.build(self.connector.clone());
        // Without a pool each request opens a connection, of HTTP/2 as well.
        let one_shot = Arc::new(builder.pool_max_idle_per_host(0).build(self.connector.clone()));
        HyperClient { pooled, one_shot, proxies: self.proxies.clone() }
    }
}
