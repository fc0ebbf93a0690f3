//! What carries token requests: a tower service of its own, never the layer itself.

use std::fmt;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;
use tower_service::Service;

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
#[derive(Clone)]
pub struct Transport(BoxCloneSyncService<Request<TransportBody>, Response<AnswerBody>, BoxError>);

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
        Self(BoxCloneSyncService::new(service))
    }

    /// Sends one request.
    pub(crate) async fn send(
        &self,
        request: Request<TransportBody>,
    ) -> Result<Response<AnswerBody>, BoxError> {
        self.0.clone().oneshot(request).await
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transport(..)")
    }
}
