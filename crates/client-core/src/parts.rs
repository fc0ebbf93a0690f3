//! Conversions that the builder needs: services, bodies and headers in the form that a stack uses.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use auth_layer::authorize::ResponseBody;
use auth_layer::endpoint::TransportBody;
use auth_layer::profile::Origin;
use auth_layer::{BoxError, ConfigError, Transport};
use bytes::Bytes;
use http::HeaderValue;
use http_body::Body as HttpBody;
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;
use tower_service::Service;

use crate::{Body, Request, Response};

/// A stack, or a part of one, whose type is erased.
pub type Stack = BoxCloneSyncService<Request, Response, BoxError>;

/// Boxes a service.
pub(crate) fn boxed<S, R>(service: S) -> Stack
where
    S: Service<Request, Response = http::Response<R>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    R: HttpBody<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    Stack::new(service.map_err(Into::into).map_response(|response| response.map(Body::wrap)))
}

/// Returns the inner body if the layer did not read it, so that bytes stay bytes. Otherwise wraps the layer's body.
pub(crate) fn unwrap_untouched(body: ResponseBody<Body>) -> Body {
    body.try_into_inner().unwrap_or_else(Body::wrap)
}

/// Returns the value of a `User-Agent` header.
pub(crate) fn user_agent_header(text: &str) -> Result<HeaderValue, ConfigError> {
    let problem = match text.trim() {
        "" => "must not be empty",
        _ => "must consist of visible ASCII characters and spaces",
    };
    let is_good = !text.trim().is_empty() && text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let header = HeaderValue::from_str(text).ok().filter(|_| is_good);
    header.ok_or_else(|| ConfigError::new("User-Agent", problem))
}

/// Returns the transport of a client's token requests: its leaf, and a second one for requests that use up a single-use
/// grant, such as a refresh token.
pub(crate) fn token_transport(leaf: Stack, one_shot_leaf: Option<Stack>) -> Transport {
    // `Request::map` keeps the extensions, by which a leaf recognises a request with a single-use grant.
    let carrying =
        |leaf: Stack| leaf.map_request(|request: http::Request<TransportBody>| request.map(into_body));
    let transport = Transport::new(carrying(leaf));
    match one_shot_leaf {
        Some(leaf) => transport.one_shot(carrying(leaf)),
        None => transport,
    }
}

/// Returns the bytes of a token request as a [`Body`]. [`TransportBody`] is a `Full`, which returns its bytes only from
/// `poll_frame`; it is always ready, so the no-op waker is never used.
fn into_body(mut body: TransportBody) -> Body {
    match Pin::new(&mut body).poll_frame(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Some(Ok(frame))) => Body::from(frame.into_data().unwrap_or_default()),
        _ => Body::empty(),
    }
}

/// Returns the text that `Debug` shows for a URL that is not validated yet: its origin, or what is wrong with the URL.
/// The rest may hold a secret, such as a password or a query.
pub(crate) fn origin_shown(url: &str) -> String {
    url.parse::<Origin>().map_or_else(|error| error.to_string(), |origin| origin.to_string())
}
