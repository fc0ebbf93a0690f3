//! `Transport`: the tower service that sends token requests. It is separate from the service below the layer.

use std::fmt;

use bytes::Bytes;
use http::header::USER_AGENT;
use http::{HeaderValue, Request, Response};
use http_body::Body;
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;
use tower_service::Service;

use super::user_agent;
use crate::error::{BoxError, ConfigError, ended_unanswered};

/// The body of a token request.
pub type TransportBody = http_body_util::Full<Bytes>;

/// The service that sends token requests.
///
/// It wraps any tower service over `http` types. [`leaf`](crate::leaf) has two of them, and a test can use a closure.
/// The service must not follow redirects: a redirect would send the client's secret to another server.
///
/// ```
/// use auth_layer::{BoxError, Transport};
/// use http_body_util::Full;
///
/// let answering = Transport::new(tower::service_fn(|_request| async {
///     let answer = r#"{"access_token":"t","token_type":"Bearer","expires_in":3600}"#;
///     Ok::<_, BoxError>(http::Response::new(Full::new(bytes::Bytes::from(answer))))
/// }));
/// ```
///
/// Each request has a `User-Agent`: [`USER_AGENT`](crate::endpoint::USER_AGENT), unless
/// [`with_user_agent`](Self::with_user_agent) sets another one.
///
/// # Requests that use something up
///
/// Three kinds of requests are sent on a new connection:
///
/// - a refresh token that is replaced by each use,
/// - an authorization code,
/// - a poll for a device's token.
///
/// The server may have just closed an idle connection. A request that fails on such a connection may have arrived or
/// not. It cannot be sent again if a second use of the refresh token revokes the sign-in.
///
/// The two leaves of this crate have a second client for these requests, without idle connections. For any other
/// service, and for a client that you built, set a second one with [`one_shot`](Self::one_shot). A layer around a leaf
/// must keep the extensions of a request, since they tell the leaf which client to use.
///
/// Every other request is sent a second time if its connection ends before the answer begins.
#[derive(Clone)]
pub struct Transport {
    service: Boxed,
    /// The service for requests that use something up, if there is a separate one.
    one_shot: Option<Boxed>,
    user_agent: HeaderValue,
}

type Boxed = BoxCloneSyncService<Request<TransportBody>, Response<AnswerBody>, BoxError>;

/// The request extension that tells a leaf to use a new connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OneShot;

/// The body of a token answer, independent of the service.
pub(crate) type AnswerBody = UnsyncBoxBody<Bytes, BoxError>;

impl Transport {
    /// Wraps a service.
    pub fn new<S, R>(service: S) -> Self
    where
        S: Service<Request<TransportBody>, Response = Response<R>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        R: Body<Data = Bytes> + Send + 'static,
        R::Error: Into<BoxError>,
    {
        Self { service: boxed(service), one_shot: None, user_agent: user_agent::DEFAULT }
    }

    /// Sets a second service for the requests that use something up. It must open a new connection for each request.
    ///
    /// The leaves of this crate do not need it. A `ReqwestLeaf` of a client that you built takes its second client
    /// itself (see [`leaf`](crate::leaf)).
    ///
    /// ```
    /// use auth_layer::{Transport, leaf};
    /// use hyper_util::client::legacy::{Client, connect::HttpConnector};
    /// use hyper_util::rt::TokioExecutor;
    ///
    /// # fn show(connector: HttpConnector) -> Transport {
    /// let pooled = Client::builder(TokioExecutor::new()).build(connector.clone());
    /// let one_shot = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
    /// Transport::new(pooled).one_shot(one_shot)
    /// # }
    /// ```
    #[must_use]
    pub fn one_shot<S, R>(mut self, service: S) -> Self
    where
        S: Service<Request<TransportBody>, Response = Response<R>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        R: Body<Data = Bytes> + Send + 'static,
        R::Error: Into<BoxError>,
    {
        self.one_shot = Some(boxed(service));
        self
    }

    /// Sets the `User-Agent` of the requests (RFC 9110 section 10.1.5), for example `billing/1.4`. The service gets it
    /// as a header and may replace it.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if `user_agent` is empty, or has a character other than visible ASCII and spaces.
    ///
    /// ```
    /// # fn show(transport: auth_layer::Transport) -> Result<auth_layer::Transport, auth_layer::ConfigError> {
    /// transport.with_user_agent("billing/1.4")
    /// # }
    /// ```
    pub fn with_user_agent(mut self, user_agent: &str) -> Result<Self, ConfigError> {
        self.user_agent = user_agent::header(user_agent)?;
        Ok(self)
    }

    /// Sends a request once, on any connection.
    pub(crate) async fn send(
        &self,
        mut request: Request<TransportBody>,
    ) -> Result<Response<AnswerBody>, BoxError> {
        request.headers_mut().insert(USER_AGENT, self.user_agent.clone());
        self.service.clone().oneshot(request).await
    }

    /// Sends a request once, on a new connection if the service can do that.
    pub(crate) async fn send_apart(
        &self,
        mut request: Request<TransportBody>,
    ) -> Result<Response<AnswerBody>, BoxError> {
        request.headers_mut().insert(USER_AGENT, self.user_agent.clone());
        request.extensions_mut().insert(OneShot);
        self.one_shot.as_ref().unwrap_or(&self.service).clone().oneshot(request).await
    }

    /// Sends a request that uses nothing up. It is sent again if its connection ended before the answer began.
    pub(crate) async fn send_repeatable(
        &self,
        request: Request<TransportBody>,
    ) -> Result<Response<AnswerBody>, BoxError> {
        match self.send(request.clone()).await {
            Err(error) if ended_unanswered(&*error) => {
                // The error is not logged: the error of another crate's service may show the URL with its query, which
                // may hold a secret.
                tracing::debug!("the connection ended without an answer; the request is sent again");
                // On a new connection: another idle connection may have ended as well.
                self.send_apart(request).await
            }
            result => result,
        }
    }
}

/// Boxes a service and its bodies and errors.
fn boxed<S, R>(service: S) -> Boxed
where
    S: Service<Request<TransportBody>, Response = Response<R>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    R: Body<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    BoxCloneSyncService::new(
        service.map_err(Into::into).map_response(|response: Response<R>| {
            response.map(|body| body.map_err(Into::into).boxed_unsync())
        }),
    )
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transport(..)")
    }
}
