//! The requests that can be sent again, and that each is sent again unchanged.

use std::sync::{Arc, Mutex};

use auth_layer::{BoxError, OperationMeta, TryClone};
use bytes::Bytes;
use futures_util::stream;
use http::{Extensions, HeaderMap, Method, Request};
use http_body::Frame;
use http_body_util::combinators::{BoxBody, UnsyncBoxBody};
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use tower::{Layer, ServiceExt};

use crate::support::{FakeApi, FakeTokenEndpoint, Rig, respond, settle, text};

type Streaming = BoxBody<Bytes, BoxError>;

fn streaming(chunks: &'static [&'static str]) -> Streaming {
    let frames = chunks.iter().map(|chunk| Ok(Frame::data(Bytes::from(*chunk))));
    BodyExt::boxed(StreamBody::new(stream::iter(frames)))
}

/// Sends a request to an API that rejects `token-1`. Returns what the caller got and the bodies that the API received.
async fn sent<B>(rig: &Rig, method: Method, body: B) -> (u16, String, Vec<Bytes>)
where
    B: http_body::Body + TryClone + Send + 'static,
    B::Data: Send,
    B::Error: std::fmt::Debug,
{
    let api = FakeApi::rejecting(&["token-1"]);
    let request = Request::builder().method(method).uri("https://api.example.com/things").body(body).unwrap();
    let response = rig.layer().layer(api.clone()).oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let bodies = api.seen().into_iter().map(|seen| seen.body).collect();
    (status, text(response).await, bodies)
}

#[tokio::test]
async fn b56_a_stream_is_sent_once_and_its_401_returned() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let (status, body, bodies) = sent(&rig, Method::POST, streaming(&["one ", "two"])).await;
    assert_eq!((status, body.as_str()), (401, "rejected"));
    assert_eq!(bodies, ["one two"]);

    // The rejection still counts: the next request carries another token.
    settle().await;
    assert_eq!(rig.endpoint.count(), 2);
    let (status, _, bodies) = sent(&rig, Method::POST, streaming(&["three"])).await;
    assert_eq!(status, 200);
    assert_eq!(bodies, ["three"]);
    assert_eq!(rig.endpoint.count(), 2);
}

#[tokio::test]
async fn b56_a_body_in_hand_is_sent_again_byte_for_byte() {
    let rig = || Rig::new(FakeTokenEndpoint::issuing(3600));
    let (status, _, bodies) = sent(&rig(), Method::POST, Full::new(Bytes::from("a body"))).await;
    assert_eq!(status, 200);
    assert_eq!(bodies, ["a body", "a body"]);

    let (status, _, bodies) = sent(&rig(), Method::POST, String::from("a text")).await;
    assert_eq!(status, 200);
    assert_eq!(bodies, ["a text", "a text"]);

    let (status, _, bodies) = sent(&rig(), Method::POST, reqwest_body("a reqwest body")).await;
    assert_eq!(status, 200);
    assert_eq!(bodies, ["a reqwest body", "a reqwest body"]);
}

fn reqwest_body(text: &'static str) -> reqwest::Body {
    reqwest::Body::from(text)
}

#[tokio::test]
async fn b56_boxed_bodies_with_something_in_them_are_sent_once() {
    let full = || Full::new(Bytes::from("a body")).map_err(|never| match never {});
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let (status, _, bodies) =
        sent::<UnsyncBoxBody<Bytes, BoxError>>(&rig, Method::POST, full().boxed_unsync()).await;
    assert_eq!(status, 401);
    assert_eq!(bodies, ["a body"]);

    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let wrapped = reqwest::Body::wrap(BodyExt::boxed(full()));
    let (status, _, bodies) = sent(&rig, Method::POST, wrapped).await;
    assert_eq!(status, 401);
    assert_eq!(bodies, ["a body"]);
}

#[tokio::test]
async fn b56_trailers_are_not_lost_on_the_way() {
    // A body without data is not empty if it has trailers.
    let trailers = || {
        let mut trailers = HeaderMap::new();
        trailers.insert("x-checksum", "1".parse().unwrap());
        Full::new(Bytes::new()).with_trailers(std::future::ready(Some(Ok(trailers))))
    };
    let boxed: Streaming = trailers().map_err(|never| match never {}).boxed();
    assert!(boxed.try_clone().is_none());
    let unsync: UnsyncBoxBody<Bytes, BoxError> = trailers().map_err(|never| match never {}).boxed_unsync();
    assert!(unsync.try_clone().is_none());
}

#[tokio::test]
async fn b60_an_empty_body_is_always_sent_again() {
    for method in [Method::GET, Method::POST, Method::DELETE] {
        let rig = || Rig::new(FakeTokenEndpoint::issuing(3600));
        let again = |(status, _, bodies): (u16, String, Vec<Bytes>)| {
            assert_eq!(status, 200);
            assert_eq!(bodies, ["", ""]);
        };
        again(sent(&rig(), method.clone(), Empty::<Bytes>::new()).await);
        again(sent(&rig(), method.clone(), Full::<Bytes>::default()).await);
        again(sent(&rig(), method.clone(), String::new()).await);
        again(sent(&rig(), method.clone(), reqwest_body("")).await);
        let empty = || Empty::<Bytes>::new().map_err(|never| -> BoxError { match never {} });
        again(sent(&rig(), method.clone(), BodyExt::boxed(empty())).await);
        again(sent(&rig(), method.clone(), empty().boxed_unsync()).await);
        again(sent(&rig(), method.clone(), reqwest::Body::wrap(BodyExt::boxed(empty()))).await);
        let full = Full::<Bytes>::default().map_err(|never| -> BoxError { match never {} });
        again(sent(&rig(), method, BodyExt::boxed(full)).await);
    }
}

static LIST: OperationMeta = OperationMeta::new("list", Method::GET, "/things");

#[tokio::test]
async fn b33_the_resend_has_the_extensions_of_the_request() {
    for others in [false, true] {
        let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
        let seen: Arc<Mutex<Vec<Extensions>>> = Arc::default();
        let api = tower::service_fn({
            let seen = seen.clone();
            move |request: Request<Empty<Bytes>>| {
                let mut seen = seen.lock().unwrap();
                seen.push(request.extensions().clone());
                let status = if seen.len() % 2 == 1 { 401 } else { 200 };
                std::future::ready(Ok::<_, BoxError>(respond(status, "")))
            }
        });
        let service = rig.layer().layer(api);
        // The first request waits for the token, and the second one has it at once.
        for _ in 0..2 {
            let mut request = Request::get("https://api.example.com/").body(Empty::<Bytes>::new()).unwrap();
            request.extensions_mut().insert(&LIST);
            if others {
                request.extensions_mut().insert("another");
            }
            assert_eq!(service.clone().oneshot(request).await.unwrap().status(), 200);
            rig.advance(60);
        }
        let seen = seen.lock().unwrap();
        assert_eq!(seen.len(), 4);
        for extensions in seen.iter() {
            assert_eq!(extensions.get::<&'static OperationMeta>().map(|meta| meta.id()), Some("list"));
            assert_eq!(extensions.get::<&'static str>().is_some(), others);
            assert_eq!(extensions.len(), 1 + usize::from(others));
        }
    }
}

#[tokio::test]
async fn b60_a_resend_that_fails_is_the_callers_to_see() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let api = FakeApi::scripted(|n, _| if n == 1 { respond(401, "rejected") } else { respond(503, "busy") });
    let request = Request::get("https://api.example.com/").body(Empty::<Bytes>::new()).unwrap();
    let response = rig.layer().layer(api.clone()).oneshot(request).await.unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(api.count(), 2);
}
