//! Layers of tower and tower-http around this one, in every order.

use std::time::Duration;

use auth_layer::{AuthLayer, BoxError};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use tower::buffer::BufferLayer;
use tower::limit::ConcurrencyLimitLayer;
use tower::util::BoxCloneSyncService;
use tower::{Layer, Service, ServiceExt};
use tower_http::decompression::DecompressionLayer;
use tower_http::follow_redirect::FollowRedirectLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

use crate::support::{FakeApi, FakeTokenEndpoint, Rig, respond, text};

type Answer = Response<UnsyncBoxBody<Bytes, BoxError>>;
type Boxed = BoxCloneSyncService<Request<Full<Bytes>>, Answer, BoxError>;

/// The layers, the one under test first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Auth,
    Redirect,
    Decompression,
    Timeout,
    /// Two layers that do not change a request. They stay together, so that there are fewer orders.
    TraceAndLimit,
    Buffer,
}

const ALL: [Kind; 6] =
    [Kind::Auth, Kind::Redirect, Kind::Decompression, Kind::Timeout, Kind::TraceAndLimit, Kind::Buffer];

fn layered(kind: Kind, auth: &AuthLayer, inner: Boxed) -> Boxed {
    match kind {
        Kind::Auth => boxed(auth.layer(inner)),
        Kind::Redirect => boxed(FollowRedirectLayer::new().layer(inner)),
        Kind::Decompression => boxed(DecompressionLayer::new().layer(inner)),
        Kind::Timeout => {
            let status = StatusCode::GATEWAY_TIMEOUT;
            boxed(TimeoutLayer::with_status_code(status, Duration::from_secs(60)).layer(inner))
        }
        Kind::TraceAndLimit => {
            boxed(TraceLayer::new_for_http().layer(ConcurrencyLimitLayer::new(4).layer(inner)))
        }
        Kind::Buffer => boxed(BufferLayer::new(8).layer(inner)),
    }
}

fn boxed<S, R>(service: S) -> Boxed
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    R: Body<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    let service = service.map_err(Into::into);
    BoxCloneSyncService::new(
        service.map_response(|response: Response<R>| {
            response.map(|body| body.map_err(Into::into).boxed_unsync())
        }),
    )
}

/// Returns every order of these layers, from the inside out.
fn orders(kinds: &[Kind]) -> Vec<Vec<Kind>> {
    let Some((first, rest)) = kinds.split_first() else { return vec![Vec::new()] };
    let insert = |order: Vec<Kind>| {
        (0..=order.len()).map(move |place| {
            let mut order = order.clone();
            order.insert(place, *first);
            order
        })
    };
    orders(rest).into_iter().flat_map(insert).collect()
}

/// The text `arrived`, compressed with gzip.
const GZIP: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x4b\x2c\x2a\xca\x2c\x4b\x4d\x01\x00\x82\x11\x52\x31\x07\x00\x00\x00";

/// Returns an API that redirects to another origin, which answers in gzip. It rejects `token-1`.
fn api() -> FakeApi {
    FakeApi::scripted(|_, seen| match (seen.uri.host(), seen.bearer().as_deref()) {
        (Some("api.example.com"), Some("token-2")) => {
            let mut response = respond(307, "");
            response.headers_mut().insert("location", "https://evil.test/file".parse().unwrap());
            response
        }
        (Some("evil.test"), _) => {
            let mut response = Response::new(Full::from(GZIP));
            response.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
            response
        }
        _ => respond(401, "rejected"),
    })
}

#[tokio::test]
async fn b61_in_every_order_of_layers_the_token_goes_nowhere_else() {
    let orders = orders(&ALL);
    assert_eq!(orders.len(), 720);
    for order in orders {
        let (rig, api) = (Rig::new(FakeTokenEndpoint::issuing(3600)), api());
        let auth = rig.layer();
        let service = order.iter().fold(boxed(api.clone()), |inner, kind| layered(*kind, &auth, inner));
        let request = Request::get("https://api.example.com/file").body(Full::default()).unwrap();
        let response = service.oneshot(request).await.unwrap();
        assert_eq!(text(response).await, "arrived", "{order:?}");
        assert_eq!(api.bearers(), ["token-1", "token-2", ""], "{order:?}");
        assert!(!format!("{:?}", api.seen()[2].headers).contains("token-"), "{order:?}");
    }
}
