//! The leaf on hyper-util: HTTP/1.1 and HTTP/2, rustls on aws-lc-rs, the platform's certificate verifier.

use bytes::Bytes;
use http_body::Body;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::CONNECT_TIMEOUT;
use crate::config_error::ConfigError;

/// A pooling client. It is a `tower::Service` over `http` types, and follows no redirects.
pub type HyperClient<B> = Client<HttpsConnector<HttpConnector>, B>;

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
    Ok(Client::builder(TokioExecutor::new()).build(connector))
}
