//! The boxed bodies of tonic and axum, and bodies of types that this crate does not know.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use auth_layer::{BoxError, RetryLayer, RetryPolicy, TryClone};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, Request};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, StreamBody};
use tower::{Layer, ServiceExt};

use crate::support::{FakeApi, FakeTokenEndpoint, Rig, respond, settle};

/// Returns a stream of these chunks, with or without trailers.
fn stream(
    chunks: Vec<&'static str>,
    trailers: bool,
) -> impl Body<Data = Bytes, Error = Infallible> + Send + 'static {
    let mut frames: Vec<_> = chunks.into_iter().map(|chunk| Ok(Frame::data(Bytes::from(chunk)))).collect();
    if trailers {
        let mut trailers = HeaderMap::new();
        trailers.insert("x-checksum", "1".parse().unwrap());
        frames.push(Ok(Frame::trailers(trailers)));
    }
    StreamBody::new(stream::iter(frames))
}

fn post<B>(body: B) -> Request<B> {
    Request::post("https://api.example.com/things").body(body).unwrap()
}

/// Sends a body to an API that rejects `token-1`. Returns the caller's status and the bodies that the API received.
async fn sent<B>(body: B) -> (u16, Vec<Bytes>)
where
    B: Body + TryClone + Send + 'static,
    B::Data: Send,
    B::Error: std::fmt::Debug,
{
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let api = FakeApi::rejecting(&["token-1"]);
    let response = rig.layer().layer(api.clone()).oneshot(post(body)).await.unwrap();
    settle().await;
    assert_eq!(rig.endpoint.count(), 2, "every rejection renews the token");
    (response.status().as_u16(), api.seen().into_iter().map(|seen| seen.body).collect())
}

fn tonic(chunks: Vec<&'static str>) -> tonic::body::Body {
    tonic::body::Body::new(stream(chunks, false))
}

fn axum(chunks: Vec<&'static str>) -> axum::body::Body {
    axum::body::Body::new(stream(chunks, false))
}

#[tokio::test]
async fn b56_bodies_of_tonic_and_axum_are_sent_again_byte_for_byte() {
    let both = (200, vec![Bytes::from("one two"), Bytes::from("one two")]);
    assert_eq!(sent(tonic(vec!["one ", "", "two"])).await, both);
    assert_eq!(sent(axum(vec!["one ", "", "two"])).await, both);
    assert_eq!(sent(axum::body::Body::from("one two")).await, both);
}

#[tokio::test]
async fn b60_empty_bodies_of_tonic_and_axum_are_sent_again() {
    let both = (200, vec![Bytes::new(), Bytes::new()]);
    assert_eq!(sent(tonic::body::Body::empty()).await, both);
    assert_eq!(sent(tonic(Vec::new())).await, both);
    assert_eq!(sent(axum::body::Body::empty()).await, both);
    assert_eq!(sent(axum(Vec::new())).await, both);
}

#[tokio::test]
async fn b56_a_long_body_of_tonic_or_axum_is_sent_once() {
    let long: &str = "x".repeat(64 * 1024).leak();
    assert_eq!(sent(tonic(vec![long])).await.1, [long, long]);
    assert_eq!(sent(tonic(vec![long, "x"])).await, (401, vec![Bytes::from([long, "x"].concat())]));
    assert_eq!(sent(axum(vec![long, "x"])).await, (401, vec![Bytes::from([long, "x"].concat())]));
}

/// Some APIs reject a token before they have read the body.
#[tokio::test]
async fn b56_an_unfinished_body_of_tonic_or_axum_is_sent_once() {
    async fn unfinished<B: Body + TryClone + Send + 'static>(body: B) {
        let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
        let hasty = tower::service_fn(|request: Request<B>| async move {
            let rejected = request.headers()["authorization"] == "Bearer token-1";
            drop(request);
            Ok::<_, BoxError>(respond(if rejected { 401 } else { 200 }, ""))
        });
        let response = rig.layer().layer(hasty).oneshot(post(body)).await.unwrap();
        assert_eq!(response.status(), 401);
        settle().await;
        assert_eq!(rig.endpoint.count(), 2);
    }
    unfinished(tonic(vec!["one"])).await;
    unfinished(axum(vec!["one"])).await;
}

#[tokio::test]
async fn b56_trailers_of_tonic_and_axum_bodies_are_sent_again() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let api = tower::service_fn(|request: Request<axum::body::Body>| async move {
        let rejected = request.headers()["authorization"] == "Bearer token-1";
        let sent = request.into_body().collect().await.unwrap();
        assert_eq!(sent.trailers().map(|trailers| trailers["x-checksum"].to_str().unwrap()), Some("1"));
        Ok::<_, BoxError>(respond(if rejected { 401 } else { 200 }, ""))
    });
    let body = axum::body::Body::new(stream(vec!["one"], true));
    let response = rig.layer().layer(api).oneshot(post(body)).await.unwrap();
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn a_retry_and_a_resend_both_record_a_body_of_tonic() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let api = FakeApi::scripted(|n, _| respond([503, 401, 200][n - 1], ""));
    let retry = RetryLayer::new(RetryPolicy::new().with_jitter_seed(1).with_backoff(ZERO, ZERO));
    let mut request = post(tonic(vec!["one"]));
    request.headers_mut().insert("idempotency-key", "1".parse().unwrap());
    let response = retry.layer(rig.over(api.clone())).oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(api.seen().into_iter().map(|seen| seen.body).collect::<Vec<_>>(), ["one", "one", "one"]);
}

const ZERO: std::time::Duration = std::time::Duration::ZERO;

/// A body of a type that this crate does not know.
#[derive(Debug)]
struct Unknown(Option<Bytes>);

impl Body for Unknown {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|data| Ok(Frame::data(data))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |data| data.len() as u64))
    }
}

#[tokio::test]
async fn a_layer_without_resend_takes_any_body_and_renews_after_a_rejection() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let api = FakeApi::rejecting(&["token-1"]);
    let service = rig.layer().without_resend().layer(api.clone());
    for expected in [401, 200] {
        // Once without a token, and once with a token that was renewed meanwhile.
        let response = service.clone().oneshot(post(Unknown(Some("one".into())))).await.unwrap();
        assert_eq!(response.status(), expected);
        settle().await;
    }
    assert_eq!(api.bearers(), ["token-1", "token-2"]);
    assert_eq!(rig.endpoint.count(), 2);
    // The same with a token that was there before.
    let api = FakeApi::rejecting(&["token-2"]);
    let service = rig.layer().without_resend().layer(api.clone());
    rig.advance(60);
    let response = service.oneshot(post(Unknown(Some("one".into())))).await.unwrap();
    assert_eq!(response.status(), 401);
    settle().await;
    assert_eq!((api.count(), rig.endpoint.count()), (1, 3));
}
