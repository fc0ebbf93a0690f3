//! The leaf on hyper-util: HTTP/1.1 and HTTP/2, rustls on aws-lc-rs, the platform's certificate verifier.

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error, ResponseFuture};
use hyper_util::rt::TokioExecutor;
use tower_service::Service;

use super::CONNECT_TIMEOUT;
use super::length::with_length;
use crate::config_error::ConfigError;
use crate::endpoint::OneShot;
use crate::error::BoxError;

/// A pooling client. It is a `tower::Service` over `http` types, and follows no redirects. Clones share one pool.
///
/// A `POST`, `PUT` or `PATCH` without content has `content-length: 0` (RFC 9110 section 8.6), which hyper by itself
/// leaves out.
///
/// A token request that uses something up has a connection of its own (see [`Transport`](crate::Transport)).
#[derive(Debug)]
pub struct HyperClient<B> {
    pooled: Inner<B>,
    /// The same connector, and so the same TLS configuration, without idle connections.
    one_shot: Arc<Inner<B>>,
}

type Inner<B> = Client<HttpsConnector<HttpConnector>, B>;

impl<B> Clone for HyperClient<B> {
    fn clone(&self) -> Self {
        Self { pooled: self.pooled.clone(), one_shot: self.one_shot.clone() }
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

    fn call(&mut self, request: Request<B>) -> ResponseFuture {
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
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let connector = HttpsConnectorBuilder::new()
        .with_provider_and_platform_verifier(provider)
        .map_err(|error| ConfigError::new("TLS", "cannot be set up").with_source(error))?
        .https_or_http()
        .enable_all_versions()
        .wrap_connector(connector);
    let mut builder = Client::builder(TokioExecutor::new());
    let pooled = builder.build(connector.clone());
    // Without a pool each request opens a connection, of HTTP/2 as well.
    let one_shot = Arc::new(builder.pool_max_idle_per_host(0).build(connector));
    Ok(HyperClient { pooled, one_shot })
}
