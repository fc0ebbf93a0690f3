//! All layers together and their order, and the two small layers alone.

use std::future::pending;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use auth_layer::replay::ReplayBodyLayer;
use auth_layer::span::SpanLayer;
use auth_layer::timeout::TimedOut;
use auth_layer::{
    BoxError, Identity, OperationMeta, RetryPolicy, StackLayer, TokenManager, TokenPool, stack,
};
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service, ServiceExt};

use crate::departing::raw_basic;
use crate::retry::{timed, timed_by};
use crate::support::{FakeApi, FakeTokenEndpoint, Rig, example, get, kind, logged, respond, settle};

fn over(rig: &Rig) -> StackLayer {
    stack(&rig.profile, rig.manager.clone())
}

fn post(path: &str) -> Request<Full<Bytes>> {
    let mut request = get(path);
    *request.method_mut() = Method::POST;
    request
}

/// Returns a transport that never answers the first request. It counts all requests.
fn silent_at_first(
    count: &Arc<AtomicUsize>,
) -> impl Service<Request<Full<Bytes>>, Response = Response<Full<Bytes>>, Error = BoxError, Future: Send>
+ Clone
+ Send
+ 'static {
    let count = count.clone();
    tower::service_fn(move |_: Request<Full<Bytes>>| {
        let first = count.fetch_add(1, Ordering::SeqCst) == 0;
        async move { if first { pending().await } else { Ok(respond(200, "")) } }
    })
}

#[tokio::test]
async fn trouble_and_a_rejection_in_one_call_are_both_answered() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let api = FakeApi::scripted(|n, _| respond([503, 401, 503, 200][n - 1], ""));
    let (response, _) = timed(&rig.clock, over(&rig).layer(api.clone()).oneshot(get("/me"))).await;
    assert_eq!(response.unwrap().status(), 200);
    assert_eq!(api.bearers(), ["token-1", "token-1", "token-2", "token-2"]);
}

#[tokio::test]
async fn rt10_after_a_long_wait_the_whole_stack_carries_the_current_token() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(30));
    let api = FakeApi::scripted(|n, _| {
        let mut response = respond(if n == 1 { 503 } else { 200 }, "");
        response.headers_mut().insert("retry-after", "40".parse().unwrap());
        response
    });
    let (response, _) = timed_by(100, &rig.clock, over(&rig).layer(api.clone()).oneshot(get("/me"))).await;
    assert_eq!(response.unwrap().status(), 200);
    assert_eq!(api.bearers(), ["token-1", "token-2"]);
}

#[tokio::test]
async fn rt08_one_call_is_sent_eight_times_at_the_most() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let api = FakeApi::scripted(|n, _| respond(if n % 2 == 1 { 401 } else { 503 }, ""));
    let layer = over(&rig)
        .with_retry(RetryPolicy::new().with_backoff(Duration::from_secs(40), Duration::from_secs(40)));
    let (response, _) = timed_by(100, &rig.clock, layer.layer(api.clone()).oneshot(get("/me"))).await;
    assert!(response.unwrap().status().as_u16() >= 400);
    assert!(api.count() <= 8, "{} sends", api.count());
    assert_eq!(layer.retry().stats().retries + rig.manager.stats().resends + 1, api.count() as u64);
}

#[tokio::test]
async fn a_send_that_hangs_times_out_and_is_sent_again_if_allowed() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let count = Arc::new(AtomicUsize::new(0));
    let transport = silent_at_first(&count);
    let layer = over(&rig).with_timeout(Duration::from_secs(2));
    let (response, millis) = timed(&rig.clock, layer.layer(transport).oneshot(get("/me"))).await;
    assert_eq!(response.unwrap().status(), 200);
    assert_eq!(count.load(Ordering::SeqCst), 2);
    assert!((2_000..=2_200).contains(&millis), "{millis} ms");

    let count = Arc::new(AtomicUsize::new(0));
    let transport = silent_at_first(&count);
    let (response, millis) = timed(&rig.clock, layer.layer(transport).oneshot(post("/me"))).await;
    let error = response.unwrap_err();
    assert_eq!(error.downcast_ref::<TimedOut>().unwrap().limit(), Duration::from_secs(2));
    let expected = "no response within the timeout of 2s; the server may have acted on the request";
    assert_eq!(error.to_string(), expected);
    assert_eq!((count.load(Ordering::SeqCst), millis), (1, 2_000));
}

#[tokio::test]
async fn a_wait_for_the_token_takes_nothing_of_a_sends_time() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    rig.endpoint.hold();
    let layer = over(&rig).with_timeout(Duration::from_millis(500));
    let call = tokio::spawn(layer.layer(FakeApi::accepting()).oneshot(get("/me")));
    settle().await;
    rig.advance_millis(900);
    settle().await;
    rig.endpoint.open();
    assert_eq!(call.await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn timeout_and_retry_can_each_be_switched_off() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(36_000));
    let count = Arc::new(AtomicUsize::new(0));
    let transport = silent_at_first(&count);
    let layer = over(&rig).without_retry().without_timeout();
    let call = tokio::spawn(layer.layer(transport).oneshot(get("/me")));
    settle().await;
    rig.advance(3_600);
    settle().await;
    assert!(!call.is_finished());
    call.abort();
    assert_eq!(count.load(Ordering::SeqCst), 1);

    let api = FakeApi::scripted(|_, _| respond(503, ""));
    let response = layer.layer(api.clone()).oneshot(get("/me")).await.unwrap();
    assert_eq!((response.status().as_u16(), api.count()), (503, 1));
    // A rejected token is still renewed.
    let api = FakeApi::scripted(|n, _| respond(if n == 1 { 401 } else { 200 }, ""));
    let response = layer.layer(api.clone()).oneshot(get("/me")).await.unwrap();
    assert_eq!((response.status().as_u16(), api.count()), (200, 2));
}

#[tokio::test]
async fn a_resend_counts_for_the_rate_limit_too() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let limited = raw_basic().with_origins(rig.profile.origins().clone());
    let api = FakeApi::scripted(|n, _| respond(if n % 2 == 1 { 503 } else { 200 }, ""));
    // The wait for a turn does not count for the timeout of a send.
    let layer = StackLayer::new(&limited, rig.manager.clone()).with_rate_limits();
    let service = layer.with_timeout(Duration::from_millis(500)).layer(api.clone());
    let calls = (0..20).map(|_| service.clone().oneshot(get("/me")));
    let (responses, millis) = timed(&rig.clock, futures_util::future::join_all(calls)).await;
    assert!(responses.into_iter().all(|response| response.is_ok()));
    // 10 a second: 40 sends take more than 3 s.
    assert!(
        api.count() > 20 && millis as usize >= (api.count() - 10) * 100,
        "{} in {millis} ms",
        api.count()
    );

    // Only if it is switched on.
    let api = FakeApi::accepting();
    let service = StackLayer::new(&limited, rig.manager.clone()).layer(api.clone());
    let calls = (0..100).map(|_| service.clone().oneshot(get("/me")));
    let (_, millis) = timed(&rig.clock, futures_util::future::join_all(calls)).await;
    assert_eq!((api.count(), millis), (100, 0));
}

#[tokio::test]
async fn a_stack_over_a_pool_sends_the_token_of_the_requests_identity() {
    let endpoint = FakeTokenEndpoint::issuing(3600);
    let rig = Rig::new(endpoint.clone());
    let clock = rig.clock.clone();
    let pool = TokenPool::builder(move |identity: &Identity| {
        let exchange = crate::support::exchange(&endpoint, &clock, &example()).identity(identity).build()?;
        Ok(TokenManager::builder(exchange).clock(Arc::new(clock.clone())).build())
    })
    .clock(Arc::new(rig.clock.clone()))
    .build();
    let api = FakeApi::scripted(|n, _| respond(if n == 1 { 503 } else { 200 }, ""));
    let service = StackLayer::pooled(&rig.profile, pool).layer(api.clone());
    for tenant in ["a", "b"] {
        let mut request = get("/me");
        request.extensions_mut().insert(Identity::new(tenant));
        let (response, _) = timed(&rig.clock, service.clone().oneshot(request)).await;
        assert_eq!(response.unwrap().status(), 200);
    }
    // The second attempt has the identity, too.
    assert_eq!(api.bearers(), ["token-1", "token-1", "token-2"]);
    let error = service.oneshot(get("/me")).await.unwrap_err();
    assert_eq!(kind(&error), Some(auth_layer::ErrorKind::Credential));
}

#[tokio::test]
async fn a_recorded_stream_goes_through_the_whole_stack_again() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let bodies: Arc<Mutex<Vec<Bytes>>> = Arc::default();
    let seen = bodies.clone();
    let transport = tower::service_fn(move |request: Request<auth_layer::replay::ReplayBody<_>>| {
        let seen = seen.clone();
        let stream: http_body_util::combinators::BoxBody<Bytes, BoxError> = request.into_body().boxed();
        async move {
            let bytes = stream.collect().await?.to_bytes();
            let mut seen = seen.lock().unwrap();
            seen.push(bytes);
            Ok::<_, BoxError>(respond([503, 401, 200][seen.len() - 1], ""))
        }
    });
    let service = ReplayBodyLayer::new().layer(over(&rig).layer(transport));
    let stream = Full::new(Bytes::from_static(b"streamed")).map_err(io::Error::other).boxed();
    let request = Request::put("https://api.example.com/me").body(stream).unwrap();
    let (response, _) = timed(&rig.clock, service.oneshot(request)).await;
    assert_eq!(response.unwrap().status(), 200);
    assert_eq!(*bodies.lock().unwrap(), ["streamed"; 3]);
}

#[test]
fn a_span_tells_the_operation_and_the_outcome_and_no_secret() {
    static LIST: OperationMeta = OperationMeta::new("listThings", Method::GET, "/things/{id}");
    let log = logged(|| async {
        let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
        let api = FakeApi::scripted(|n, _| respond([503, 404][n - 1], ""));
        let mut request = get("/things/in-the-path?key=in-the-query");
        request.extensions_mut().insert(&LIST);
        let (response, _) = timed(&rig.clock, over(&rig).layer(api).oneshot(request)).await;
        assert_eq!(response.unwrap().status(), 404);
    });
    let closed: Vec<_> =
        log.lines().filter(|line| line.ends_with("time.idle=") || line.contains("close")).collect();
    let [closed] = closed[..] else { panic!("more or less than one span\n{log}") };
    for field in [
        r#"otel.kind="client""#,
        r#"otel.name="listThings""#,
        r#"http.request.method="GET""#,
        r#"server.address="api.example.com""#,
        r#"url.template="/things/{id}""#,
        "http.response.status_code=404",
        r#"otel.status_code="ERROR""#,
    ] {
        assert!(closed.contains(field), "{field} is not in {closed}");
    }
    // The retry was logged inside the request's span.
    assert!(log.lines().any(|line| line.contains("request{") && line.contains("sent again")), "{log}");
    assert!(
        !log.contains("in-the-path") && !log.contains("in-the-query") && !log.contains("token-1"),
        "{log}"
    );
}

#[test]
fn a_span_of_a_failure_has_no_status() {
    let log = logged(|| async {
        let transport = tower::service_fn(|_: Request<Full<Bytes>>| async {
            Err::<Response<Full<Bytes>>, BoxError>("broken".into())
        });
        SpanLayer::new().layer(transport).oneshot(get("/me")).await.unwrap_err();
    });
    assert!(
        log.contains(r#"otel.status_code="ERROR""#) && !log.contains("http.response.status_code"),
        "{log}"
    );
}

static SLOW: OperationMeta =
    OperationMeta::new("startReport", Method::POST, "/me").with_timeout(Duration::from_secs(60));
static QUICK: OperationMeta =
    OperationMeta::new("getMe", Method::GET, "/me").with_timeout(Duration::from_secs(3));
static SLOW_READ: OperationMeta =
    OperationMeta::new("getReport", Method::GET, "/me").with_timeout(Duration::from_secs(300));

/// Calls an operation whose response takes this many seconds. Returns the result and how long it took.
async fn answered_after(
    seconds: u64,
    operation: &'static OperationMeta,
    adjust: impl FnOnce(StackLayer) -> StackLayer,
) -> (Result<u16, BoxError>, u64) {
    let rig = Rig::new(FakeTokenEndpoint::issuing(36_000));
    let clock: Arc<dyn auth_layer::Clock> = Arc::new(rig.clock.clone());
    let transport = tower::service_fn(move |_: Request<Full<Bytes>>| {
        let answer = clock.sleep(Duration::from_secs(seconds));
        async move {
            answer.await;
            Ok::<_, BoxError>(respond(200, ""))
        }
    });
    let mut request = get("/me");
    *request.method_mut() = operation.method().clone();
    request.extensions_mut().insert(operation);
    let service = adjust(over(&rig)).layer(transport);
    let (response, millis) = timed_by(500, &rig.clock, service.oneshot(request)).await;
    (response.map(|response| response.status().as_u16()), millis / 1_000)
}

#[tokio::test]
async fn an_operation_may_take_the_time_that_it_states() {
    let (outcome, _) = answered_after(55, &SLOW, |stack| stack).await;
    assert_eq!(outcome.unwrap(), 200);
    let (outcome, took) = answered_after(61, &SLOW, |stack| stack).await;
    let limit = outcome.unwrap_err().downcast_ref::<TimedOut>().unwrap().limit();
    assert_eq!((limit, took), (Duration::from_secs(60), 60));
    // A shorter timeout works as well.
    let (outcome, took) = answered_after(4, &QUICK, StackLayer::without_retry).await;
    assert_eq!(outcome.unwrap_err().downcast_ref::<TimedOut>().unwrap().limit(), Duration::from_secs(3));
    assert_eq!(took, 3);
}

#[tokio::test]
async fn the_deadline_of_a_call_leaves_room_for_an_operations_own_time() {
    let (outcome, took) = answered_after(299, &SLOW_READ, |stack| stack).await;
    assert_eq!((outcome.unwrap(), took), (200, 299));
    // The whole call has two minutes more.
    let (outcome, took) = answered_after(301, &SLOW_READ, |stack| stack).await;
    let error = outcome.unwrap_err();
    let passed = error.downcast_ref::<auth_layer::retry::DeadlinePassed>().unwrap();
    assert_eq!((passed.deadline(), took), (Duration::from_secs(420), 420));
}

#[tokio::test]
async fn a_timeout_set_by_hand_holds_for_every_operation() {
    let five = |stack: StackLayer| stack.with_timeout(Duration::from_secs(5));
    let (outcome, took) = answered_after(55, &SLOW, five).await;
    assert_eq!(outcome.unwrap_err().downcast_ref::<TimedOut>().unwrap().limit(), Duration::from_secs(5));
    assert_eq!(took, 5);
    let (outcome, _) = answered_after(3_000, &SLOW_READ, |s| s.without_timeout().without_retry()).await;
    assert_eq!(outcome.unwrap(), 200);

    let hurry = RetryPolicy::new().with_deadline(Duration::from_secs(10));
    let (outcome, took) = answered_after(55, &SLOW, |stack| stack.with_retry(hurry)).await;
    let error = outcome.unwrap_err();
    let passed = error.downcast_ref::<auth_layer::retry::DeadlinePassed>().unwrap();
    assert_eq!((passed.deadline(), took), (Duration::from_secs(10), 10));
}
