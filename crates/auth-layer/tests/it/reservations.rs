//! Services with few reservations, which API calls and token requests share. A call that waits holds no reservation.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use auth_layer::limit::ThrottleLayer;
use auth_layer::profile::RateLimit;
use auth_layer::{BoxError, Profile, RetryPolicy, StackLayer, TestClock, Transport};
use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt};
use http::{Request, Response};
use http_body_util::Full;
use tower::buffer::Buffer;
use tower::limit::ConcurrencyLimit;
use tower::{Layer, Service, ServiceExt};

use crate::retry::timed_by;
use crate::support::{FakeApi, FakeTokenEndpoint, Rig, example, exchange, get, respond, settle};

type Answer = BoxFuture<'static, Result<Response<Full<Bytes>>, BoxError>>;

/// Returns a leaf that carries both API calls and token requests.
fn leaf(
    endpoint: &FakeTokenEndpoint,
    api: &FakeApi,
) -> impl Service<Request<Full<Bytes>>, Response = Response<Full<Bytes>>, Error = BoxError, Future = Answer>
+ Clone
+ Send
+ Sync
+ 'static {
    let (endpoint, api) = (endpoint.clone(), api.clone());
    tower::service_fn(move |request: Request<Full<Bytes>>| match request.uri().host() {
        Some("auth.example.com") => endpoint.clone().answer(request).boxed(),
        _ => api.clone().call(request),
    })
}

/// Returns a rig whose token requests go through `transport`.
fn rig<S>(endpoint: &FakeTokenEndpoint, profile: Profile, transport: S) -> Rig
where
    S: Service<Request<Full<Bytes>>, Response = Response<Full<Bytes>>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    let clock = TestClock::new();
    let exchange = exchange(endpoint, &clock, &profile).transport(Transport::new(transport)).build().unwrap();
    Rig::with_exchange(endpoint.clone(), clock, profile, exchange)
}

/// Reserves for all calls, and only then makes them. Each must end without time passing.
async fn reserve_then_call<S, R>(service: S, calls: usize)
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>, Error = BoxError> + Clone + Send + 'static,
    S::Future: Send,
    R: Send + 'static,
{
    let mut reserved = Vec::new();
    for _ in 0..calls {
        let mut service = service.clone();
        service.ready().await.unwrap();
        reserved.push(service);
    }
    let calls: Vec<_> =
        reserved.into_iter().map(|mut service| tokio::spawn(service.call(get("/me")))).collect();
    for _ in 0..10 {
        settle().await;
    }
    for call in calls {
        assert!(call.is_finished(), "a call waits for what another one holds");
        assert_eq!(call.await.unwrap().unwrap().status(), 200);
    }
}

#[tokio::test]
async fn b90_cold_calls_leave_their_permits_to_the_token_request() {
    for permits in [1, 5] {
        let (endpoint, api) = (FakeTokenEndpoint::issuing(3600), FakeApi::accepting());
        let leaf = ConcurrencyLimit::new(leaf(&endpoint, &api), permits);
        let rig = rig(&endpoint, example(), leaf.clone());
        reserve_then_call(rig.over(leaf.clone()), permits).await;
        assert_eq!((endpoint.count(), api.count()), (1, permits));
        // The same once the token has expired, through all layers.
        rig.advance(3600);
        reserve_then_call(StackLayer::new(&rig.profile, rig.manager.clone()).layer(leaf), permits).await;
        assert_eq!((endpoint.count(), api.count()), (2, 2 * permits));
    }
}

#[tokio::test]
async fn b90_a_rejected_call_leaves_its_permit_to_the_token_request() {
    let (endpoint, api) = (FakeTokenEndpoint::issuing(3600), FakeApi::rejecting(&["token-1"]));
    let leaf = ConcurrencyLimit::new(leaf(&endpoint, &api), 1);
    let rig = rig(&endpoint, example(), leaf.clone());
    reserve_then_call(rig.over(leaf), 1).await;
    assert_eq!(api.bearers(), ["token-1", "token-2"]);
}

#[tokio::test]
async fn b90_cold_calls_leave_their_place_in_a_buffer_to_the_token_request() {
    let (endpoint, api) = (FakeTokenEndpoint::issuing(3600), FakeApi::rejecting(&["token-1"]));
    let leaf = Buffer::new(leaf(&endpoint, &api), 1);
    let rig = rig(&endpoint, example(), leaf.clone());
    reserve_then_call(rig.over(leaf), 1).await;
    assert_eq!(api.bearers(), ["token-1", "token-2"]);
}

/// Returns a profile whose API allows one request in 40 s.
fn slow_lane() -> Profile {
    example().with_rate_limit(RateLimit::new("api", NonZeroU32::MIN, Duration::from_secs(40)))
}

fn throttle(rig: &Rig) -> ThrottleLayer {
    ThrottleLayer::builder(&rig.profile).clock(Arc::new(rig.clock.clone())).build()
}

#[tokio::test]
async fn b90_a_call_that_waits_for_its_turn_leaves_its_permit_to_others() {
    for is_own_layer in [false, true] {
        let (endpoint, api) = (FakeTokenEndpoint::issuing(30), FakeApi::accepting());
        let leaf = ConcurrencyLimit::new(leaf(&endpoint, &api), 1);
        let rig = rig(&endpoint, slow_lane(), leaf.clone());
        let turns = throttle(&rig);
        let service = match is_own_layer {
            false => rig.layer().with_rate_limits(turns).layer(leaf.clone()).boxed_clone(),
            true => rig.over(turns.layer(leaf.clone())).boxed_clone(),
        };
        assert_eq!(service.clone().oneshot(get("/first")).await.unwrap().status(), 200);
        let waiting = tokio::spawn(service.clone().oneshot(get("/second")));
        settle().await;
        assert!(!waiting.is_finished());
        // The only permit is free for a call to another origin, and for the next token.
        let elsewhere = Request::get("https://elsewhere.example.com/").body(Full::default()).unwrap();
        assert_eq!(leaf.oneshot(elsewhere).now_or_never().unwrap().unwrap().status(), 200);
        rig.advance(31);
        assert!(rig.manager.token().await.is_ok());
        rig.advance(9);
        settle().await;
        assert!(waiting.is_finished());
        assert_eq!(waiting.await.unwrap().unwrap().status(), 200);
    }
}

#[tokio::test]
async fn b90_a_call_that_waits_for_a_retry_leaves_its_permit_to_others() {
    // There are two waits: for the retry of the token request, and for the retry of the call.
    let endpoint = FakeTokenEndpoint::scripted(|n, _| match n {
        1 => Ok(respond(503, "")),
        _ => Ok(crate::support::token_answer("good", 3600)),
    });
    let api = FakeApi::scripted(|n, _| respond(if n == 1 { 503 } else { 200 }, ""));
    let leaf = ConcurrencyLimit::new(leaf(&endpoint, &api), 1);
    let rig = rig(&endpoint, example(), leaf.clone());
    let policy = RetryPolicy::new().with_backoff(Duration::from_secs(1), Duration::from_secs(1));
    let stack = StackLayer::new(&rig.profile, rig.manager.clone()).with_retry(policy);
    let call = tokio::spawn(stack.layer(leaf.clone()).oneshot(get("/me")));
    let mut free = 0;
    for _ in 0..40 {
        settle().await;
        let mut leaf = leaf.clone();
        free += usize::from(ServiceExt::<Request<Full<Bytes>>>::ready(&mut leaf).now_or_never().is_some());
        rig.advance_millis(100);
    }
    assert_eq!(free, 40);
    assert_eq!(call.await.unwrap().unwrap().status(), 200);
    assert_eq!((endpoint.count(), api.count()), (2, 2));
}

#[tokio::test]
async fn b90_a_busy_leaf_delays_calls_and_deadlocks_none() {
    // Some calls wait for a turn, some for a token that expires meanwhile, and some for the only permit, all at once.
    let (endpoint, api) = (FakeTokenEndpoint::issuing(3), FakeApi::accepting());
    let leaf = ConcurrencyLimit::new(leaf(&endpoint, &api), 1);
    let profile =
        example().with_rate_limit(RateLimit::new("api", NonZeroU32::new(2).unwrap(), Duration::from_secs(1)));
    let rig = rig(&endpoint, profile, leaf.clone());
    let stack = StackLayer::new(&rig.profile, rig.manager.clone()).with_rate_limits();
    let service = stack.layer(leaf);
    let calls = (0..20).map(|_| service.clone().oneshot(get("/me")));
    let (responses, millis) = timed_by(10, &rig.clock, futures_util::future::join_all(calls)).await;
    assert!(responses.into_iter().all(|response| response.unwrap().status() == 200));
    assert!((9_500..9_700).contains(&millis), "{millis} ms");
}
