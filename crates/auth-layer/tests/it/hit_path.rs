//! The cost of a request with a valid token.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use auth_layer::authorize::Auth;
use auth_layer::clock::SystemClock;
use auth_layer::profile::BodySign;
use auth_layer::{AuthLayer, OperationMeta, Profile, TestClock, TokenManager};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri};
use http_body_util::Empty;
use tower::{Layer, Service};

use crate::support::{FakeTokenEndpoint, example, exchange, poll_once};

/// An API without any cost.
#[derive(Clone, Debug)]
struct Free;

impl Service<Request<Empty<Bytes>>> for Free {
    type Response = Response<Empty<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Empty<Bytes>>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Empty<Bytes>>) -> Self::Future {
        assert!(request.headers().contains_key("authorization"));
        ready(Ok(Response::new(Empty::new())))
    }
}

static LIST: OperationMeta = OperationMeta::new("list", Method::GET, "/things");

fn request(uri: &Uri) -> Request<Empty<Bytes>> {
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert("accept", HeaderValue::from_static("application/json"));
    headers.insert("user-agent", HeaderValue::from_static("test"));
    headers.insert("accept-language", HeaderValue::from_static("en"));
    let mut request = Request::new(Empty::new());
    *request.uri_mut() = uri.clone();
    *request.headers_mut() = headers;
    request
}

fn hit(service: &mut Auth<Free>, request: Request<Empty<Bytes>>) {
    let Poll::Ready(Ok(response)) = poll_once(&mut service.call(request)) else { panic!("no hit") };
    assert_eq!(response.status(), 200);
}

/// Returns the number of allocations by this many hits. `request` makes the requests beforehand.
fn allocations_of(hits: usize, request: impl Fn(&Uri) -> Request<Empty<Bytes>>) -> u64 {
    allocations_with(&example(), hits, request)
}

fn allocations_with(profile: &Profile, hits: usize, request: impl Fn(&Uri) -> Request<Empty<Bytes>>) -> u64 {
    let clock = Arc::new(SystemClock::new());
    let endpoint = FakeTokenEndpoint::issuing(3600);
    let exchange = exchange(&endpoint, &TestClock::new(), &example()).clock(clock.clone()).build().unwrap();
    let manager = TokenManager::builder(exchange).clock(clock).build();
    let mut service = AuthLayer::new(profile, manager).layer(Free);
    let uri = Uri::from_static("https://api.example.com/me?a=1");
    for _ in 0..10 {
        hit(&mut service, request(&uri));
    }
    let mut count = 0;
    for _ in 0..hits {
        let request = request(&uri);
        count += allocation_counter::measure(|| hit(&mut service, request)).count_total;
    }
    assert_eq!(endpoint.count(), 1);
    count
}

#[test]
fn b09_a_hit_allocates_nothing() {
    assert_eq!(allocations_of(100_000, request), 0);
}

#[test]
fn b09_a_hit_of_a_generated_client_allocates_nothing() {
    let allocations = allocations_of(10_000, |uri| {
        let mut request = request(uri);
        request.extensions_mut().insert(&LIST);
        request
    });
    assert_eq!(allocations, 0);
}

#[test]
fn cc11_a_sign_of_another_operation_costs_a_hit_no_allocation() {
    let sign = BodySign::new("/code", ["dead"]).and_then(|sign| sign.with_operations(["graphql"])).unwrap();
    let allocations = allocations_with(&example().with_rejection(sign), 10_000, |uri| {
        let mut request = request(uri);
        request.extensions_mut().insert(&LIST);
        request
    });
    assert_eq!(allocations, 0);
}
