//! What carries token requests: a tower service of its own, never the layer itself.

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
use crate::config_error::ConfigError;
use crate::error::BoxError;

/// The body of a token request.
pub type TransportBody = http_body_util::Full<Bytes>;

/// The service that carries token requests to their endpoint.
///
/// It is any tower service over `http` types: [`leaf`](crate::leaf) has two, and in a test it is a closure.
/// It must not follow redirects, which would carry the client's secret elsewhere.
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
/// Each request has a `User-Agent`: [`USER_AGENT`](crate::USER_AGENT), or the one that was
/// [given](Self::with_user_agent).
#[derive(Clone)]
pub struct Transport {
    service: BoxCloneSyncService<Request<TransportBody>, Response<AnswerBody>, BoxError>,
    user_agent: HeaderValue,
}

/// The body of a token answer, whatever the service made of it.
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
        let service = service.map_err(Into::into).map_response(|response: Response<R>| {
            response.map(|body| body.map_err(Into::into).boxed_unsync())
        });
        Self { service: BoxCloneSyncService::new(service), user_agent: user_agent::DEFAULT }
    }

    /// The `User-Agent` of its requests (RFC 9110 section 10.1.5), for example `billing/1.4`. The service sees it like
    /// any other header, and may replace it.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if it is empty, or has a character other than visible ASCII and spaces.
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

    /// Sends one request.
    pub(crate) async fn send(
        &self,
        mut request: Request<TransportBody>,
    ) -> Result<Response<AnswerBody>, BoxError> {
        request.headers_mut().insert(USER_AGENT, self.user_agent.clone());
        self.service.clone().oneshot(request).await
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transport(..)")
    }
}
