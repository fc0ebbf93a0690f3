//! The leaf on reqwest: its proxies, its TLS, its pool.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::CONNECT_TIMEOUT;
use super::length::with_length;
use crate::config_error::ConfigError;
use crate::endpoint::OneShot;
use crate::error::BoxError;

/// A [`reqwest::Client`] as a tower service over `http` types. Clones share one pool.
///
/// A `POST`, `PUT` or `PATCH` without content has `content-length: 0` (RFC 9110 section 8.6), which reqwest by itself
/// leaves out.
///
/// A token request that uses something up has a connection of its own (see [`Transport`](crate::Transport)).
///
/// ```
/// use auth_layer::leaf::reqwest::ReqwestLeaf;
///
/// // As it comes: no redirects, 10 s to connect.
/// let leaf = ReqwestLeaf::new()?;
/// # Ok::<(), auth_layer::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ReqwestLeaf {
    pooled: reqwest::Client,
    one_shot: OneShotClient,
}

/// The client for requests that use something up.
#[derive(Clone, Debug)]
enum OneShotClient {
    /// There is none: the pooled one sends them.
    Missing,
    Given(reqwest::Client),
    /// It is built when it is needed first, since it reads the certificates of the platform again.
    Built(Arc<OnceLock<reqwest::Client>>),
}

impl ReqwestLeaf {
    /// A client that follows no redirects and takes at most 10 s to connect.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if TLS cannot be set up.
    pub fn new() -> Result<Self, ConfigError> {
        let pooled = settings()
            .build()
            .map_err(|error| ConfigError::new("reqwest client", "cannot be built").with_source(error))?;
        Ok(Self { pooled, one_shot: OneShotClient::Built(Arc::default()) })
    }

    /// A client that was built elsewhere, with a proxy for example.
    ///
    /// Its redirects must be off ([`redirect::Policy::none`](reqwest::redirect::Policy::none)): what reqwest
    /// follows happens below every layer, and a token endpoint's redirect would carry the client's secret on.
    ///
    /// Where it sends token requests, give it a second client with [`with_one_shot`](Self::with_one_shot). Without one, a
    /// refresh token may be sent on an idle connection that the server has just closed. Where a second use revokes the
    /// sign-in, the token then counts as used up, and a person has to sign in again.
    pub const fn from_client(client: reqwest::Client) -> Self {
        Self { pooled: client, one_shot: OneShotClient::Missing }
    }

    /// Adds a second client for token requests that use something up. It has the settings of the first, and keeps no idle
    /// connections.
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
            OneShotClient::Built(built) if is_one_shot => match built.get() {
                Some(client) => Ok(client.clone()),
                None => {
                    let client = settings().pool_max_idle_per_host(0).build()?;
                    // Of two that were built at the same time, one is kept.
                    Ok(built.get_or_init(|| client).clone())
                }
            },
            _ => Ok(self.pooled.clone()),
        }
    }
}

/// What both clients of a leaf have in common.
fn settings() -> reqwest::ClientBuilder {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).connect_timeout(CONNECT_TIMEOUT)
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
        let client = self.client(request.extensions().get::<OneShot>().is_some());
        Box::pin(async move {
            let client = client?;
            let request = with_length(request).map(reqwest::Body::wrap);
            let response = client.execute(request.try_into()?).await;
            // The text of reqwest's error holds the URL with its query, which may be a secret.
            let response = response.map_err(reqwest::Error::without_url)?;
            Ok(response.into())
        })
    }
}
