//! The leaf on reqwest: its proxies, its TLS, its pool.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::CONNECT_TIMEOUT;
use super::length::with_length;
use crate::config_error::ConfigError;
use crate::error::BoxError;

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
    /// # Errors
    ///
    /// [`ConfigError`] if TLS cannot be set up.
    pub fn new() -> Result<Self, ConfigError> {
        reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .build()
            .map(Self)
            .map_err(|error| ConfigError::new("reqwest client", "cannot be built").with_source(error))
    }

    /// A client that was built elsewhere, with a proxy for example.
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
            let request = with_length(request).map(reqwest::Body::wrap);
            let response = client.execute(request.try_into()?).await;
            // The text of reqwest's error holds the URL with its query, which may be a secret.
            let response = response.map_err(reqwest::Error::without_url)?;
            Ok(response.into())
        })
    }
}
