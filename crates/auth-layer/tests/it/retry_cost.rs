//! The cost of retries: for a failing origin, and for a caller without failures.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use auth_layer::retry::Retry;
use auth_layer::{OperationMeta, RetryLayer, TestClock};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use http::{Method, Request, Response};
use http_body_util::Empty;
use tower::{Layer, Service};

use crate::retry::policy;
use crate::support::poll_once;

/// An API that answers at once, counts its requests, and has no other cost.
#[derive(Clone, Debug)]
struct Counting {
    status: u16,
    sends: Arc<AtomicUsize>,
}

impl Counting {
    fn saying(status: u16) -> Self {
        Self { status, sends: Arc::default() }
    }
}

impl Service<Request<Empty<Bytes>>> for Counting {
    type Response = Response<Empty<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Empty<Bytes>>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Empty<Bytes>>) -> Self::Future {
        self.sends.fetch_add(1, Ordering::Relaxed);
        let mut response = Response::new(Empty::new());
        *response.status_mut() = self.status.try_into().unwrap();
        ready(Ok(response))
    }
}

static LIST: OperationMeta = OperationMeta::new("list", Method::GET, "/things");

fn request() -> Request<Empty<Bytes>> {
    Request::get("https://api.example.com/me").extension(&LIST).body(Empty::new()).unwrap()
}

#[test]
fn b50_an_origin_that_always_fails_is_sent_little_more() {
    const CALLS: usize = 60_000;
    let clock = TestClock::new();
    let api = Counting::saying(503);
    let layer = RetryLayer::new(policy(&clock));
    let mut service = layer.layer(api.clone());
    let mut waiting = FuturesUnordered::new();
    for _ in 0..CALLS {
        // A thousand calls a second.
        waiting.push(service.call(request()));
        while let Poll::Ready(Some(response)) = poll_once(&mut waiting.next()) {
            assert_eq!(response.unwrap().status(), 503);
        }
        clock.advance(Duration::from_millis(1));
    }
    let sends = api.sends.load(Ordering::Relaxed);
    assert!(sends <= CALLS * 6 / 5 + 10 * 60, "{sends}");
    // The budget is used up, too.
    assert!(sends >= CALLS * 23 / 20, "{sends}");
    let stats = layer.stats();
    assert!(stats.retries >= (sends - CALLS) as u64 && stats.over_budget > 40_000, "{stats:?}");
}

#[test]
fn rt07_an_origin_with_a_few_failures_has_all_of_them_retried() {
    let clock = TestClock::new();
    let (good, bad) = (Counting::saying(200), Counting::saying(503));
    let layer = RetryLayer::new(policy(&clock).with_attempts(2));
    let mut waiting = FuturesUnordered::new();
    for n in 0..30_000 {
        // One in ten fails.
        waiting.push(layer.layer(if n % 10 == 0 { bad.clone() } else { good.clone() }).call(request()));
        while let Poll::Ready(Some(_)) = poll_once(&mut waiting.next()) {}
        clock.advance(Duration::from_millis(1));
    }
    assert_eq!((layer.stats().retries, layer.stats().over_budget), (3_000, 0));
}

/// Returns the number of allocations of this many calls that succeed at once.
fn allocations_of(mut service: Retry<Counting>) -> u64 {
    let mut call = |request| {
        let Poll::Ready(Ok(response)) = poll_once(&mut service.call(request)) else { panic!("no response") };
        assert_eq!(response.status(), 200);
    };
    (0..10).for_each(|_| call(request()));
    let count = |_| {
        let request = request();
        allocation_counter::measure(|| call(request)).count_total
    };
    (0..10_000).map(count).sum()
}

#[test]
fn a_success_allocates_nothing() {
    let layer = RetryLayer::new(policy(&TestClock::new()));
    assert_eq!(allocations_of(layer.layer(Counting::saying(200))), 0);
}
