//! gRPC calls: `grpc-status: 16` rejects the token, in the head of a response or in its trailers.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use auth_layer::BoxError;
use auth_layer::authorize::Auth;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, Request, Response, Version};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tokio::sync::mpsc;
use tonic::body::Body;
use tower::{Layer, Service, ServiceExt};

use crate::support::{FakeTokenEndpoint, Rig, settle};

/// The part of a server's answer that follows its head.
type Frames = Vec<Frame<Bytes>>;

fn data(text: &'static str) -> Frame<Bytes> {
    Frame::data(Bytes::from(text))
}

fn trailers(status: &str) -> Frame<Bytes> {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", status.parse().unwrap());
    Frame::trailers(trailers)
}

/// Returns a response without messages, with the status in its head.
fn trailers_only(status: &str) -> Response<Body> {
    let mut response = answer(Vec::new());
    response.headers_mut().insert("grpc-status", status.parse().unwrap());
    response
}

fn answer(frames: Frames) -> Response<Body> {
    let frames = frames.into_iter().map(Ok::<_, Infallible>);
    let mut response = Response::new(Body::new(StreamBody::new(stream::iter(frames))));
    response.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
    response
}

fn call(body: Body) -> Request<Body> {
    let request = Request::post("https://api.example.com/package.Service/Method").version(Version::HTTP_2);
    request.header("content-type", "application/grpc+proto").body(body).unwrap()
}

fn unary() -> Request<Body> {
    call(Body::new(StreamBody::new(stream::iter([Ok::<_, Infallible>(data("message"))]))))
}

/// A server that reads the whole request. It answers with `rejected` to another token than it accepts, and otherwise
/// with a message.
#[derive(Clone)]
struct Server {
    bearers: Arc<Mutex<Vec<String>>>,
    rejected: Arc<dyn Fn() -> Response<Body> + Send + Sync>,
    accepts: &'static str,
}

impl Server {
    fn new(rejected: impl Fn() -> Response<Body> + Send + Sync + 'static) -> Self {
        Self { bearers: Arc::default(), rejected: Arc::new(rejected), accepts: "Bearer token-2" }
    }

    fn under(
        &self,
        rig: &Rig,
    ) -> Auth<
        impl Service<Request<Body>, Response = Response<Body>, Error = BoxError, Future: Send + 'static>
        + Clone
        + Send
        + 'static,
    > {
        let server = self.clone();
        rig.layer().layer(tower::service_fn(move |request: Request<Body>| {
            let server = server.clone();
            async move {
                let bearer = request.headers()["authorization"].to_str().unwrap().to_owned();
                let body = request.into_body().collect().await.unwrap().to_bytes();
                assert_eq!(body, "message");
                let is_rejected = bearer != server.accepts;
                server.bearers.lock().unwrap().push(bearer);
                Ok(if is_rejected { (server.rejected)() } else { answer(vec![data("ok"), trailers("0")]) })
            }
        }))
    }

    fn count(&self) -> usize {
        self.bearers.lock().unwrap().len()
    }
}

/// Reads the rest of a response: its data, and the status in its trailers.
async fn read<B>(response: Response<B>) -> (Bytes, Option<String>)
where
    B: http_body::Body<Data = Bytes, Error: std::fmt::Debug>,
{
    let status = |headers: &HeaderMap| Some(headers.get("grpc-status")?.to_str().unwrap().to_owned());
    let in_head = status(response.headers());
    let body = response.into_body().collect().await.unwrap();
    let in_trailers = body.trailers().and_then(status);
    (body.to_bytes(), in_head.or(in_trailers))
}

/// Sends a unary call twice, without a token and with one. Returns how often the server was called, and the last
/// response.
async fn sent(rejected: impl Fn() -> Response<Body> + Send + Sync + 'static) -> (usize, Bytes, String) {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let server = Server::new(rejected);
    let service = server.under(&rig);
    let response = service.clone().oneshot(unary()).await.unwrap();
    let (body, status) = read(response).await;
    (server.count(), body, status.unwrap())
}

#[tokio::test]
async fn a_unary_call_rejected_in_its_head_is_resent_once() {
    let (sends, body, status) = sent(|| trailers_only("16")).await;
    assert_eq!((sends, &*body, &*status), (2, &b"ok"[..], "0"));
}

#[tokio::test]
async fn a_unary_call_rejected_in_its_trailers_is_resent_once() {
    let (sends, body, status) = sent(|| answer(vec![trailers("16")])).await;
    assert_eq!((sends, &*body, &*status), (2, &b"ok"[..], "0"));
    // An empty frame does not count as a message.
    let (sends, _, status) = sent(|| answer(vec![data(""), trailers("16")])).await;
    assert_eq!((sends, &*status), (2, "0"));
}

#[tokio::test]
async fn a_call_with_a_token_in_hand_is_resent_too() {
    let mut warm = Server::new(|| trailers_only("16"));
    warm.accepts = "Bearer token-1";
    for rejected in [|| trailers_only("16"), || answer(vec![trailers("16")])] {
        let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
        read(warm.under(&rig).oneshot(unary()).await.unwrap()).await;
        rig.advance(60);
        let server = Server::new(rejected);
        let (body, _) = read(server.under(&rig).oneshot(unary()).await.unwrap()).await;
        assert_eq!((server.count(), &*body), (2, &b"ok"[..]));
    }
}

#[tokio::test]
async fn a_call_rejected_twice_goes_back_as_it_came() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let mut server = Server::new(|| trailers_only("16"));
    server.accepts = "Bearer token-3";
    let (body, status) = read(server.under(&rig).oneshot(unary()).await.unwrap()).await;
    assert_eq!((body.len(), status.as_deref()), (0, Some("16")));
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn other_statuses_of_a_call_reject_nothing() {
    for status in ["0", "7", "14", "160", ""] {
        let name = status.to_owned();
        let (sends, _, got) = sent(move || trailers_only(&name)).await;
        assert_eq!((sends, &*got), (1, status));
        let name = status.to_owned();
        let (sends, _, got) = sent(move || answer(vec![trailers(&name)])).await;
        assert_eq!((sends, &*got), (1, status));
    }
}

#[tokio::test]
async fn a_status_after_a_message_rejects_nothing() {
    let (sends, body, status) = sent(|| answer(vec![data("part"), trailers("16")])).await;
    assert_eq!((sends, &*body, &*status), (1, &b"part"[..], "16"));
}

#[tokio::test]
async fn a_challenge_that_says_the_token_is_good_is_believed_of_a_call() {
    let (sends, ..) = sent(|| {
        let mut response = trailers_only("16");
        let challenge = r#"Bearer error="insufficient_scope""#.parse().unwrap();
        response.headers_mut().insert("www-authenticate", challenge);
        response
    })
    .await;
    assert_eq!(sends, 1);
}

#[tokio::test]
async fn only_calls_of_grpc_are_judged_by_a_grpc_status() {
    for (version, media) in [(Version::HTTP_2, "application/json"), (Version::HTTP_11, "application/grpc")] {
        let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
        let server = Server::new(|| trailers_only("16"));
        let mut request = unary();
        *request.version_mut() = version;
        request.headers_mut().insert("content-type", media.parse().unwrap());
        read(server.under(&rig).oneshot(request).await.unwrap()).await;
        assert_eq!(server.count(), 1, "{version:?} {media}");
    }
}

/// Returns a response of which only the head arrives.
fn silent() -> Response<Body> {
    let silence = stream::pending::<Result<Frame<Bytes>, Infallible>>();
    answer(Vec::new()).map(|_| Body::new(StreamBody::new(silence)))
}

#[tokio::test]
async fn a_head_without_messages_is_held_back_for_a_second_at_most() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let server = Server::new(silent);
    let call = tokio::spawn(server.under(&rig).oneshot(unary()));
    while server.count() == 0 {
        settle().await;
    }
    settle().await;
    rig.advance_millis(999);
    settle().await;
    assert!(!call.is_finished());
    rig.advance_millis(1);
    let response = call.await.unwrap().unwrap();
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn a_call_that_still_sends_gets_its_head_at_once() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let (sender, mut messages) = mpsc::unbounded_channel();
    let body = Body::new(StreamBody::new(stream::poll_fn(move |cx| {
        messages.poll_recv(cx).map(|message| message.map(Ok::<_, Infallible>))
    })));
    // The server answers after the first message, and echoes every message.
    let echo = tower::service_fn(|request: Request<Body>| async {
        let mut body = request.into_body();
        let first = body.frame().await.unwrap().unwrap();
        assert_eq!(first.data_ref().unwrap(), "one");
        Ok::<_, BoxError>(answer(Vec::new()).map(|_| body))
    });
    sender.send(data("one")).unwrap();
    let mut service = rig.layer().layer(echo);
    let waiting = service.ready().await.unwrap().call(call(body));
    // No time passes on the layer's clock.
    let response = tokio::time::timeout(Duration::from_secs(5), waiting).await.unwrap().unwrap();
    sender.send(data("two")).unwrap();
    let mut body = response.into_body();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "two");
}

#[tokio::test]
async fn an_error_in_place_of_the_first_frame_is_the_callers() {
    let broken = || {
        let frames = stream::iter([Err::<Frame<Bytes>, BoxError>("the connection broke".into())]);
        answer(Vec::new()).map(|_| Body::new(StreamBody::new(frames)))
    };
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let server = Server::new(broken);
    let response = server.under(&rig).oneshot(unary()).await.unwrap();
    let error = response.into_body().collect().await.unwrap_err();
    assert!(error.to_string().contains("the connection broke"), "{error}");
    assert_eq!(server.count(), 1);
}
