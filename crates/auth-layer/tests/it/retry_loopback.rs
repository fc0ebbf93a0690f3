//! Retries through the leaves, against a server on a socket.

use std::pin::Pin;
use std::task::{Context, Poll};

use auth_layer::leaf::reqwest::ReqwestLeaf;
use auth_layer::replay::ReplayBodyLayer;
use auth_layer::{BoxError, ConfigError, RetryLayer, TestClock, leaf};
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Empty};
use tower::{Layer, Service, ServiceExt};

use crate::loopback::{Closed, Loopback, Reply, answer};
use crate::retry::policy;
use crate::support::until;

/// Makes a call. The clock moves only while the call waits for a backoff, because sockets take real time.
async fn call<S, B, R>(clock: &TestClock, service: S, request: Request<B>) -> Result<StatusCode, BoxError>
where
    S: Service<Request<B>, Response = http::Response<R>, Error = BoxError, Future: Send> + Send + 'static,
    B: Send + 'static,
    R: Body<Error: std::fmt::Debug, Data: Send> + Send + 'static,
{
    let call = tokio::spawn(async move {
        let response = service.oneshot(request).await?;
        let status = response.status();
        response.into_body().collect().await.expect("a whole body");
        Ok(status)
    });
    loop {
        // A backoff is one sleep. With a response to drain there is a second sleep, and during a request no sleep at all.
        until(|| clock.sleepers() == 1 || call.is_finished()).await;
        if call.is_finished() {
            return call.await.unwrap();
        }
        clock.advance(std::time::Duration::from_secs(10));
    }
}

fn layer(clock: &TestClock) -> RetryLayer {
    RetryLayer::new(policy(clock).without_deadline())
}

#[tokio::test]
async fn b53_three_retries_take_one_connection() {
    let clock = TestClock::new();
    let busy = "x".repeat(60 * 1024);
    let server = Loopback::start(move |n, _| {
        Reply::Whole(if n <= 3 { answer(503, &busy) } else { answer(200, "done") })
    })
    .await;
    let service = layer(&clock).layer(leaf::hyper_util::client().unwrap());
    let request = Request::get(server.url("/me")).body(Empty::<Bytes>::new()).unwrap();
    assert_eq!(call(&clock, service, request).await.unwrap(), 200);
    assert_eq!((server.count(), server.connections()), (4, 1));
}

#[tokio::test]
async fn rt04_a_post_that_could_not_connect_is_sent_again() {
    let clock = TestClock::new();
    let closed = Closed::new();
    let post = || Request::post(closed.url("/me")).body(Empty::<Bytes>::new()).unwrap();
    let hyper = layer(&clock);
    call(&clock, hyper.layer(leaf::hyper_util::client().unwrap()), post()).await.unwrap_err();
    let reqwest = layer(&clock);
    call(&clock, reqwest.layer(ReqwestLeaf::new().unwrap()), post()).await.unwrap_err();
    assert_eq!((hyper.stats().retries, reqwest.stats().retries), (3, 3));
}

#[tokio::test]
async fn a_port_that_no_server_has_is_refused_and_not_retried() {
    let clock = TestClock::new();
    let (hyper, reqwest) = (layer(&clock), layer(&clock));
    for port in ["99999", "65536", "0", "4294967376"] {
        let url = format!("http://127.0.0.1:{port}/x?s3cret");
        let get = || Request::get(&url).body(Empty::<Bytes>::new()).unwrap();
        let through_hyper = call(&clock, hyper.layer(leaf::hyper_util::client().unwrap()), get()).await;
        let through_reqwest = call(&clock, reqwest.layer(ReqwestLeaf::new().unwrap()), get()).await;
        for error in [through_hyper.unwrap_err(), through_reqwest.unwrap_err()] {
            let first: &(dyn std::error::Error + 'static) = error.as_ref();
            let mut causes = std::iter::successors(Some(first), |&error| error.source());
            let refusal = causes.find_map(|error| error.downcast_ref::<ConfigError>()).unwrap().to_string();
            assert!(refusal.ends_with("has a port that is not a number from 1 to 65535"), "{refusal}");
            assert!(!format!("{error:?} {error} {refusal}").contains("s3cret"), "{error:?}");
        }
    }
    assert_eq!((hyper.stats().retries, reqwest.stats().retries), (0, 0));
}

/// A stream of known length.
struct OfKnownLength(std::vec::IntoIter<Bytes>);

impl Body for OfKnownLength {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Poll::Ready(self.0.next().map(|data| Ok(Frame::data(data))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_slice().iter().map(|data| data.len() as u64).sum())
    }
}

#[tokio::test]
async fn b56_a_stream_of_known_length_is_sent_again_over_a_socket() {
    let clock = TestClock::new();
    let server =
        Loopback::start(|n, _| Reply::Whole(if n <= 2 { answer(503, "busy") } else { answer(200, "done") }))
            .await;
    let body = || OfKnownLength(vec![Bytes::from("one "), Bytes::from("two")].into_iter());
    for sends in [3, 4] {
        let request = Request::put(server.url("/things/1")).body(body()).unwrap();
        let service = ReplayBodyLayer::new().layer(layer(&clock).layer(leaf::hyper_util::client().unwrap()));
        assert_eq!(call(&clock, service, request).await.unwrap(), 200);
        assert_eq!(server.count(), sends);
    }
    assert!(server.seen().iter().all(|seen| seen.body == "one two" && seen.headers["content-length"] == "7"));
}
