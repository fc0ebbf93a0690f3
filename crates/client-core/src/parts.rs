//! The parts that a builder puts together: services, bodies and headers in the form in which a stack has them.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use auth_layer::{BoxError, ConfigError, Origin, ResponseBody, Transport, TransportBody};
use bytes::Bytes;
use http::HeaderValue;
use http_body::Body as HttpBody;
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;
use tower_service::Service;

use crate::{Body, Request, Response};

/// A stack, or a part of one, whose type does not matter any more.
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

/// A body that the layer did not look into stays what it was.
pub(crate) fn unwrap_untouched(body: ResponseBody<Body>) -> Body {
    body.try_into_inner().unwrap_or_else(Body::wrap)
}

/// The header of a `User-Agent`.
pub(crate) fn user_agent_header(text: &str) -> Result<HeaderValue, ConfigError> {
    let problem = match text.trim() {
        "" => "must not be empty",
        _ => "must consist of visible ASCII characters and spaces",
    };
    let is_good = !text.trim().is_empty() && text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let header = HeaderValue::from_str(text).ok().filter(|_| is_good);
    header.ok_or_else(|| ConfigError::new("User-Agent", problem))
}

/// The transport of a client's token requests: its leaf, and a second one for those that use something up.
pub(crate) fn token_transport(leaf: Stack, one_shot_leaf: Option<Stack>) -> Transport {
    // The extensions stay, by which a leaf knows such a request.
    let carrying =
        |leaf: Stack| leaf.map_request(|request: http::Request<TransportBody>| request.map(in_hand));
    let transport = Transport::new(carrying(leaf));
    match one_shot_leaf {
        Some(leaf) => transport.one_shot(carrying(leaf)),
        None => transport,
    }
}

/// The bytes of a token request: [`Full`](TransportBody) holds them, but has no other way to give them out.
fn in_hand(mut body: TransportBody) -> Body {
    match Pin::new(&mut body).poll_frame(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Some(Ok(frame))) => Body::from(frame.into_data().unwrap_or_default()),
        _ => Body::empty(),
    }
}

/// A URL as `Debug` shows it before anything has judged it: its origin alone, or what is wrong with it. A user's password
/// and a query may be secrets.
pub(crate) fn origin_shown(url: &str) -> String {
    url.parse::<Origin>().map_or_else(|error| error.to_string(), |origin| origin.to_string())
}
