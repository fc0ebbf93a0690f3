//! Rate limits and tokens together: which token a request carries at its turn, and which sends take a turn.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use auth_layer::authorize::Auth;
use auth_layer::limit::{ThrottleLayer, Throttled};
use auth_layer::operation::Security;
use auth_layer::profile::RateLimit;
use auth_layer::{BoxError, Clock, OperationMeta, Profile, StackLayer, TestClock};
use bytes::Bytes;
use futures_util::future::{BoxFuture, join_all};
use http::{Method, Request, Response};
use http_body_util::Full;
use tokio::sync::watch;
use tower::limit::ConcurrencyLimit;
use tower::{Layer, Service, ServiceExt};

use crate::retry::timed_by;
use crate::support::{FakeApi, FakeTokenEndpoint, Rig, example, get, respond, settle, text, until};

const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

fn limited(requests: u32, period: Duration) -> Profile {
    example().with_rate_limit(RateLimit::new("api", NonZeroU32::new(requests).unwrap(), period))
}

/// Returns the layer over this rig's manager, which keeps its profile's limits.
fn in_turn<S>(rig: &Rig, max_wait: Option<Duration>, api: S) -> Auth<S> {
    let throttle = ThrottleLayer::builder(&rig.profile).clock(Arc::new(rig.clock.clone()));
    let throttle = match max_wait {
        Some(max_wait) => throttle.max_wait(max_wait),
        None => throttle,
    };
    rig.layer().with_rate_limits(throttle.build()).layer(api)
}

type Times = Arc<Mutex<Vec<Duration>>>;

/// Returns an API that answers 200, and the times at which it was called.
fn noting(clock: &TestClock) -> (FakeApi, Times) {
    let times = Times::default();
    let (clock, noted) = (clock.clone(), times.clone());
    let api = FakeApi::scripted(move |_, _| {
        noted.lock().unwrap().push(clock.now().monotonic());
        respond(200, "")
    });
    (api, times)
}

#[track_caller]
fn keeps_within(limit: usize, period: Duration, times: &Times) {
    let times = times.lock().unwrap();
    for window in times.windows(limit + 1) {
        let took = window[limit] - window[0];
        assert!(took >= period, "{} requests within {took:?}", limit + 1);
    }
}

#[tokio::test]
async fn a_token_that_expires_while_its_request_waits_for_a_turn_is_not_sent() {
    let rig = Rig::with_profile(FakeTokenEndpoint::issuing(30), limited(1, MINUTE));
    let api = FakeApi::scripted(|_, seen| {
        respond(if seen.bearer().as_deref() == Some("token-1") { 200 } else { 204 }, "")
    });
    let service = StackLayer::new(&rig.profile, rig.manager.clone()).with_rate_limits().layer(api.clone());
    assert_eq!(service.clone().oneshot(get("/first")).await.unwrap().status(), 200);
    let second = tokio::spawn(service.oneshot(get("/second")));
    settle().await;
    rig.advance(60);
    settle().await;
    assert!(second.is_finished());
    assert_eq!(second.await.unwrap().unwrap().status(), 204);
    assert_eq!(api.bearers(), ["token-1", "token-2"]);
}

#[tokio::test]
async fn a_resend_takes_a_turn_as_well() {
    let rig = Rig::with_profile(FakeTokenEndpoint::issuing(3600), limited(1, MINUTE));
    let api = FakeApi::rejecting(&["token-1"]);
    let call = tokio::spawn(in_turn(&rig, None, api.clone()).oneshot(get("/me")));
    until(|| rig.endpoint.count() == 2).await;
    settle().await;
    rig.advance_millis(59_999);
    settle().await;
    assert_eq!(api.count(), 1);
    rig.advance_millis(1);
    settle().await;
    assert!(call.is_finished());
    assert_eq!(call.await.unwrap().unwrap().status(), 200);
    assert_eq!(api.bearers(), ["token-1", "token-2"]);
}

#[tokio::test]
async fn a_token_that_expires_before_the_turn_of_a_resend_is_not_sent() {
    let rig = Rig::with_profile(FakeTokenEndpoint::issuing(30), limited(1, MINUTE));
    let api = FakeApi::rejecting(&["token-1"]);
    let call = tokio::spawn(in_turn(&rig, None, api.clone()).oneshot(get("/me")));
    until(|| rig.endpoint.count() == 2).await;
    settle().await;
    rig.advance(60);
    until(|| call.is_finished()).await;
    assert_eq!(call.await.unwrap().unwrap().status(), 200);
    assert_eq!(api.bearers(), ["token-1", "token-3"]);
}

#[tokio::test]
async fn a_resend_whose_turn_is_too_late_gives_the_rejection_back() {
    let rig = Rig::with_profile(FakeTokenEndpoint::issuing(3600), limited(1, MINUTE));
    let api = FakeApi::rejecting(&["token-1"]);
    let response = in_turn(&rig, Some(SECOND), api.clone()).oneshot(get("/me")).await.unwrap();
    assert_eq!((response.status().as_u16(), text(response).await.as_str()), (401, "rejected"));
    assert_eq!((api.count(), rig.manager.stats().resends), (1, 0));
}

#[tokio::test]
async fn a_first_send_whose_turn_is_too_late_fails() {
    let rig = Rig::with_profile(FakeTokenEndpoint::issuing(3600), limited(1, MINUTE));
    let service = in_turn(&rig, Some(SECOND), FakeApi::accepting());
    service.clone().oneshot(get("/first")).await.unwrap();
    let error = service.oneshot(get("/second")).await.unwrap_err();
    assert_eq!(Throttled::find(error.as_ref()).unwrap().retry_after(), Some(MINUTE));
}

#[tokio::test]
async fn the_limits_in_a_rejection_apply_to_its_resend() {
    let rig = Rig::with_profile(FakeTokenEndpoint::issuing(3600), limited(100, SECOND));
    let api = FakeApi::scripted(|n, _| {
        let mut response = respond(if n == 1 { 401 } else { 200 }, "");
        response.headers_mut().insert("ratelimit-remaining", "0".parse().unwrap());
        response.headers_mut().insert("ratelimit-reset", "20".parse().unwrap());
        response
    });
    // The token is there before, so the rejected send has not waited for one.
    rig.manager.token().await.unwrap();
    let service = in_turn(&rig, None, api.clone());
    let (response, millis) = timed_by(10, &rig.clock, service.clone().oneshot(get("/me"))).await;
    assert_eq!((response.unwrap().status().as_u16(), millis), (200, 20_000));
    // The response to the resend also sets the limit for the request after it.
    let (response, millis) = timed_by(10, &rig.clock, service.oneshot(get("/me"))).await;
    assert_eq!((response.unwrap().status().as_u16(), millis), (200, 20_000));
}

#[tokio::test]
async fn turns_do_not_pile_up_while_calls_wait_for_a_token() {
    let rig = Rig::with_profile(FakeTokenEndpoint::issuing(3600), limited(10, SECOND));
    let (api, times) = noting(&rig.clock);
    rig.endpoint.hold();
    let service = in_turn(&rig, None, api);
    let calls: Vec<_> = (0..30).map(|_| tokio::spawn(service.clone().oneshot(get("/me")))).collect();
    for _ in 0..90 {
        settle().await;
        rig.advance_millis(10);
    }
    rig.endpoint.open();
    let (responses, _) = timed_by(10, &rig.clock, join_all(calls)).await;
    assert!(responses.into_iter().all(|call| call.unwrap().is_ok()));
    keeps_within(10, SECOND, &times);
}

#[tokio::test]
async fn turns_do_not_pile_up_while_calls_wait_for_a_busy_service() {
    let rig = Rig::with_profile(FakeTokenEndpoint::issuing(36_000), limited(10, SECOND));
    rig.manager.token().await.unwrap();
    let (api, times) = noting(&rig.clock);
    let leaf = ConcurrencyLimit::new(api, 1);
    let mut busy = leaf.clone();
    let service = in_turn(&rig, None, leaf);
    let mut calls: Vec<_> = (0..5).map(|_| tokio::spawn(service.clone().oneshot(get("/me")))).collect();
    settle().await;
    // The only permit is taken for 5 s.
    ServiceExt::<Request<Full<Bytes>>>::ready(&mut busy).await.unwrap();
    for _ in 0..50 {
        rig.advance_millis(100);
        settle().await;
    }
    calls.extend((0..25).map(|_| tokio::spawn(service.clone().oneshot(get("/me")))));
    drop(busy);
    let (responses, _) = timed_by(10, &rig.clock, join_all(calls)).await;
    assert!(responses.into_iter().all(|call| call.unwrap().is_ok()));
    keeps_within(10, SECOND, &times);
}

#[tokio::test]
async fn requests_without_a_token_of_ours_take_turns_too() {
    static PUBLIC: OperationMeta =
        OperationMeta::new("public", Method::GET, "/public").with_security(Security::Public);
    let rig = Rig::with_profile(FakeTokenEndpoint::issuing(3600), limited(1, SECOND));
    let (api, times) = noting(&rig.clock);
    let service = in_turn(&rig, None, api.clone());
    let requests = (0..6).map(|n| {
        let mut request = get("/public");
        match n % 2 {
            0 => drop(request.extensions_mut().insert(&PUBLIC)),
            _ => drop(request.headers_mut().insert("authorization", "Bearer own".parse().unwrap())),
        }
        service.clone().oneshot(request)
    });
    let (responses, millis) = timed_by(10, &rig.clock, join_all(requests)).await;
    assert!(responses.into_iter().all(|response| response.is_ok()));
    assert_eq!((millis, rig.endpoint.count()), (5_000, 0));
    keeps_within(1, SECOND, &times);
}

/// A service that is ready when the test says so.
#[derive(Clone)]
struct Gate {
    open: watch::Receiver<bool>,
    waiting: Arc<Mutex<Option<BoxFuture<'static, ()>>>>,
    api: FakeApi,
}

impl Service<Request<Full<Bytes>>> for Gate {
    type Response = Response<Full<Bytes>>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<Full<Bytes>>, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        let mut open = self.open.clone();
        let wait = async move { drop(open.wait_for(|open| *open).await) };
        let mut waiting = self.waiting.lock().unwrap();
        let poll = waiting.get_or_insert_with(|| Box::pin(wait)).as_mut().poll(cx);
        if poll.is_ready() {
            *waiting = None;
        }
        poll.map(Ok)
    }

    fn call(&mut self, request: Request<Full<Bytes>>) -> Self::Future {
        self.api.call(request)
    }
}

#[tokio::test]
async fn a_token_that_expires_while_the_service_becomes_ready_is_not_sent() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(30));
    let api = FakeApi::accepting();
    let (open, is_open) = watch::channel(true);
    let mut service = rig.over(Gate { open: is_open, waiting: Arc::default(), api: api.clone() });
    // The call waits for its token, and must reserve again.
    service.ready().await.unwrap();
    open.send_replace(false);
    let call = tokio::spawn(service.call(get("/me")));
    until(|| rig.endpoint.count() == 1).await;
    settle().await;
    rig.advance(31);
    open.send_replace(true);
    until(|| call.is_finished()).await;
    assert_eq!(call.await.unwrap().unwrap().status(), 200);
    assert_eq!(api.bearers(), ["token-2"]);
}

#[tokio::test]
async fn a_resend_that_came_too_late_causes_no_pause() {
    let rig = Rig::with_profile(FakeTokenEndpoint::issuing(3600), limited(12, Duration::from_secs(60)));
    let api = FakeApi::scripted(|n, seen| match (n, seen.bearer().as_deref()) {
        // The token is accepted first, and revoked then.
        (2, Some("token-2")) => respond(200, "ok"),
        (_, Some("token-1" | "token-2")) => respond(401, "rejected"),
        _ => respond(200, "ok"),
    });
    let service = in_turn(&rig, Some(Duration::from_secs(1)), api.clone());
    assert_eq!(service.clone().oneshot(get("/1")).await.unwrap().status(), 401, "a turn comes each 5 s");
    assert_eq!((rig.endpoint.count(), rig.manager.stats().resends), (2, 0));
    rig.advance(6);
    assert_eq!(service.clone().oneshot(get("/2")).await.unwrap().status(), 200);
    rig.advance(6);
    service.clone().oneshot(get("/3")).await.unwrap();
    assert_eq!(rig.endpoint.count(), 3);
}
