//! Requests have a length, and only bodies of unknown length are sent in chunks.

use std::pin::Pin;
use std::task::{Context, Poll};

use auth_layer::leaf::reqwest::ReqwestLeaf;
use auth_layer::replay::ReplayBodyLayer;
use auth_layer::{BoxError, Credential, Exchange, Grant, TokenManager, Transport, leaf};
use bytes::Bytes;
use http::{Method, Request};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Empty;
use tower::{Layer, ServiceExt};

use crate::loopback::{Loopback, Reply, answer};
use crate::support::{FakeTokenEndpoint, Rig, Seen, example};

/// Returns all values of `content-length`.
fn lengths(seen: &Seen) -> Vec<&str> {
    seen.headers.get_all("content-length").iter().map(|value| value.to_str().unwrap()).collect()
}

/// Sends the same requests through both leaves.
async fn sent(requests: impl Fn(&Loopback) -> Request<Empty<Bytes>>) -> Vec<Seen> {
    let server = Loopback::saying(200, "done").await;
    leaf::hyper_util::client().unwrap().oneshot(requests(&server)).await.unwrap();
    ReqwestLeaf::new().unwrap().oneshot(requests(&server)).await.unwrap();
    server.seen()
}

#[tokio::test]
async fn both_leaves_say_that_there_is_no_content_where_some_is_expected() {
    for method in [Method::POST, Method::PUT, Method::PATCH] {
        let empty = |server: &Loopback| {
            Request::builder().method(&method).uri(server.url("/")).body(Empty::new()).unwrap()
        };
        for seen in sent(empty).await {
            assert_eq!(lengths(&seen), ["0"], "{method}");
        }
        let set = |server: &Loopback| {
            let mut request = empty(server);
            request.headers_mut().insert("content-length", "0".parse().unwrap());
            request
        };
        for seen in sent(set).await {
            assert_eq!(lengths(&seen), ["0"], "{method}");
        }
    }
    for method in [Method::GET, Method::HEAD, Method::DELETE, Method::OPTIONS] {
        let empty = |server: &Loopback| {
            Request::builder().method(&method).uri(server.url("/")).body(Empty::new()).unwrap()
        };
        for seen in sent(empty).await {
            assert!(lengths(&seen).is_empty(), "{method}");
        }
    }
}

/// A stream of known length.
struct OfKnownLength(std::vec::IntoIter<&'static str>);

impl Body for OfKnownLength {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Poll::Ready(self.0.next().map(|data| Ok(Frame::data(data.into()))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_slice().iter().map(|data| data.len() as u64).sum())
    }
}

#[tokio::test]
async fn a_stream_says_its_length_when_it_is_sent_again_after_a_401() {
    let server = Loopback::start(|_, seen| match seen.bearer().as_deref() {
        Some("token-1") => Reply::Whole(answer(401, "rejected")),
        _ => Reply::Whole(answer(200, "done")),
    })
    .await;
    let put = || {
        let body = OfKnownLength(vec!["one ", "two"].into_iter());
        Request::put(server.url("/things/1")).body(body).unwrap()
    };
    let rig = || {
        let profile = example().with_origin(&server.url("")).unwrap();
        Rig::with_profile(FakeTokenEndpoint::issuing(3600), profile).layer()
    };
    let hyper = ReplayBodyLayer::new().layer(rig().layer(leaf::hyper_util::client().unwrap()));
    assert_eq!(hyper.oneshot(put()).await.unwrap().status(), 200);
    let reqwest = ReplayBodyLayer::new().layer(rig().layer(ReqwestLeaf::new().unwrap()));
    assert_eq!(reqwest.oneshot(put()).await.unwrap().status(), 200);
    let seen = server.seen();
    assert_eq!(seen.len(), 4);
    assert!(seen.iter().all(|seen| lengths(seen) == ["7"] && seen.body == "one two"), "{seen:?}");
}

#[tokio::test]
async fn token_requests_say_their_length_through_both_leaves() {
    for reqwest in [false, true] {
        let server = Loopback::saying(200, r#"{"access_token":"t","token_type":"Bearer"}"#).await;
        let transport = match reqwest {
            true => Transport::new(ReqwestLeaf::new().unwrap()),
            false => Transport::new(leaf::hyper_util::client().unwrap()),
        };
        let profile = example().with_token_url(&server.url("/token")).unwrap();
        let credential = Credential::new("client", "client-secret");
        let exchange = Exchange::builder(profile, credential, Grant::ClientCredentials).transport(transport);
        TokenManager::new(exchange.build().unwrap()).token().await.unwrap();
        let seen = server.seen();
        assert_eq!(lengths(&seen[0]), [seen[0].body.len().to_string()]);
    }
}
