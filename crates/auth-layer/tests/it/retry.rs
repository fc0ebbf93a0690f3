//! Resends after a failure: which requests, when, and how often.

use std::io;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::{Duration, SystemTime};

use auth_layer::replay::ReplayBodyLayer;
use auth_layer::response::RetryAfter;
use auth_layer::retry::{DeadlinePassed, Retry};
use auth_layer::{BoxError, OperationMeta, RetryLayer, RetryPolicy, TestClock};
use bytes::Bytes;
use futures_util::{TryFutureExt, stream};
use http::{HeaderName, Method, Request, Response};
use http_body::Frame;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use tower::{Layer, Service, ServiceExt};

use crate::support::{FakeApi, FakeTokenEndpoint, Rig, Seen, get, kind, poll_once, respond, settle, text};

/// Returns a policy on the test's clock, with a fixed seed.
pub(crate) fn policy(clock: &TestClock) -> RetryPolicy {
    RetryPolicy::new().with_clock(Arc::new(clock.clone())).with_jitter_seed(1)
}

fn over<S>(clock: &TestClock, inner: S) -> Retry<S> {
    RetryLayer::new(policy(clock)).layer(inner)
}

/// Moves the clock, a millisecond at a time, until the future is ready. Returns the number of milliseconds.
pub(crate) async fn timed<F: Future>(clock: &TestClock, future: F) -> (F::Output, u64) {
    timed_by(1, clock, future).await
}

/// Does the same in steps of this many milliseconds, for long waits.
pub(crate) async fn timed_by<F: Future>(step: u64, clock: &TestClock, future: F) -> (F::Output, u64) {
    let mut future = std::pin::pin!(future);
    for steps in 0..100_000 {
        // Other tasks run as well, because the future may wait for them.
        for _ in 0..10 {
            if let Poll::Ready(output) = poll_once(&mut future) {
                return (output, steps * step);
            }
            tokio::task::yield_now().await;
        }
        clock.advance(Duration::from_millis(step));
    }
    panic!("it was not done after many minutes");
}

type Times = Arc<Mutex<Vec<u64>>>;

/// Returns an API that answers by a script, and the milliseconds at which it was called.
fn noting(
    clock: &TestClock,
    script: impl Fn(usize, &Seen) -> Response<Full<Bytes>> + Send + Sync + 'static,
) -> (FakeApi, Times) {
    let (clock, times) = (clock.clone(), Times::default());
    let (start, noted) = (monotonic(&clock), times.clone());
    let api = FakeApi::scripted(move |n, seen| {
        noted.lock().unwrap().push(monotonic(&clock) - start);
        script(n, seen)
    });
    (api, times)
}

fn monotonic(clock: &TestClock) -> u64 {
    u64::try_from(auth_layer::Clock::now(clock).monotonic().as_millis()).unwrap()
}

fn asking(status: u16, retry_after: &str) -> Response<Full<Bytes>> {
    let mut response = respond(status, "later");
    response.headers_mut().insert("retry-after", retry_after.parse().unwrap());
    response
}

fn request(method: &Method) -> Request<Full<Bytes>> {
    Request::builder()
        .method(method)
        .uri("https://api.example.com/things")
        .body(Full::from("a body"))
        .unwrap()
}

fn keyed(method: &Method, name: &'static str) -> Request<Full<Bytes>> {
    let mut request = request(method);
    request.headers_mut().insert(name, "a-key".parse().unwrap());
    request
}

fn described(method: &Method, operation: &'static OperationMeta) -> Request<Full<Bytes>> {
    let mut request = request(method);
    request.extensions_mut().insert(operation);
    request
}

/// Returns how often a request is sent to an API that always answers with this status, and the caller's status.
async fn sends_of(
    status: u16,
    policy: impl FnOnce(RetryPolicy) -> RetryPolicy,
    request: Request<Full<Bytes>>,
) -> usize {
    let clock = TestClock::new();
    let api = FakeApi::scripted(move |_, _| respond(status, "trouble"));
    let layer = RetryLayer::new(policy(self::policy(&clock)));
    let (response, _) = timed(&clock, layer.layer(api.clone()).oneshot(request)).await;
    let response = response.unwrap();
    assert_eq!((response.status().as_u16(), text(response).await.as_str()), (status, "trouble"));
    assert_eq!(layer.stats().retries + 1, api.count() as u64);
    assert!(api.seen().iter().all(|seen| seen.body == "a body"));
    api.count()
}

fn as_it_comes(policy: RetryPolicy) -> RetryPolicy {
    policy
}

static SAFE_POST: OperationMeta = OperationMeta::new("search", Method::POST, "/search").with_idempotent(true);
static PLAIN_POST: OperationMeta = OperationMeta::new("create", Method::POST, "/things");
static COSTLY_GET: OperationMeta = OperationMeta::new("draw", Method::GET, "/draw").with_idempotent(false);

#[tokio::test]
async fn b44_what_may_act_twice_is_sent_once() {
    for method in [Method::POST, Method::PATCH] {
        assert_eq!(sends_of(503, as_it_comes, request(&method)).await, 1, "{method}");
    }
    assert_eq!(sends_of(503, as_it_comes, described(&Method::POST, &PLAIN_POST)).await, 1);
    // The document's statement overrides the method.
    assert_eq!(sends_of(503, as_it_comes, described(&Method::GET, &COSTLY_GET)).await, 1);
    assert_eq!(sends_of(503, as_it_comes, keyed(&Method::POST, "x-key")).await, 1);
}

#[tokio::test]
async fn b44_what_acts_once_is_sent_up_to_the_limit() {
    for method in [Method::GET, Method::HEAD, Method::OPTIONS, Method::PUT, Method::DELETE] {
        assert_eq!(sends_of(503, as_it_comes, request(&method)).await, 4, "{method}");
    }
    assert_eq!(sends_of(503, as_it_comes, described(&Method::POST, &SAFE_POST)).await, 4);
    assert_eq!(sends_of(503, as_it_comes, keyed(&Method::POST, "idempotency-key")).await, 4);
    let named = |policy: RetryPolicy| policy.with_idempotency_header(HeaderName::from_static("x-key"));
    assert_eq!(sends_of(503, named, keyed(&Method::PATCH, "x-key")).await, 4);
    for attempts in [0, 1] {
        assert_eq!(sends_of(503, |policy| policy.with_attempts(attempts), request(&Method::GET)).await, 1);
    }
    assert_eq!(sends_of(503, |policy| policy.with_attempts(7), request(&Method::GET)).await, 7);
}

/// Returns how often a request is sent through a connection that fails, and the caller's error.
async fn sends_through(
    method: &Method,
    error: impl Fn() -> BoxError + Clone + Send + 'static,
) -> (usize, BoxError) {
    let (clock, sends) = (TestClock::new(), Arc::new(Mutex::new(0)));
    let counted = sends.clone();
    let broken = tower::service_fn(move |_: Request<Full<Bytes>>| {
        *counted.lock().unwrap() += 1;
        std::future::ready(Err::<Response<Full<Bytes>>, _>(error()))
    });
    let (result, _) = timed(&clock, over(&clock, broken).oneshot(request(method))).await;
    let sends = *sends.lock().unwrap();
    (sends, result.unwrap_err())
}

#[tokio::test]
async fn rt04_a_request_that_was_never_sent_is_always_sent_again() {
    let refused = || -> BoxError { Box::new(io::Error::from(io::ErrorKind::ConnectionRefused)) };
    let (sends, error) = sends_through(&Method::POST, refused).await;
    assert_eq!(sends, 4);
    assert!(error.is::<io::Error>());
    let reset = || -> BoxError { Box::new(io::Error::from(io::ErrorKind::ConnectionReset)) };
    assert_eq!(sends_through(&Method::POST, reset).await.0, 1);
    assert_eq!(sends_through(&Method::PUT, reset).await.0, 4);
}

#[tokio::test]
async fn b45_a_fourth_answer_is_the_callers() {
    let clock = TestClock::new();
    let (api, times) =
        noting(&clock, |n, _| if n <= 3 { respond(503, "busy") } else { respond(200, "done") });
    let (response, took) = timed(&clock, over(&clock, api).oneshot(get("/me"))).await;
    assert_eq!(text(response.unwrap()).await, "done");
    let times = times.lock().unwrap();
    assert_eq!(times.len(), 4);
    // Each wait has its own range: up to 200 ms, 400 ms, 800 ms.
    for (pair, range) in times.windows(2).zip([200, 400, 800]) {
        assert!(pair[1] - pair[0] <= range + 1, "{times:?}");
    }
    assert_eq!(times.last(), Some(&took));
}

#[tokio::test]
async fn rt06_each_status_has_its_answer() {
    for status in [408, 429, 500, 502, 503, 504] {
        assert_eq!(sends_of(status, as_it_comes, request(&Method::GET)).await, 4, "{status}");
    }
    for status in [200, 204, 301, 304, 400, 401, 403, 404, 409, 410, 413, 422, 425, 451, 501, 505, 507, 511] {
        assert_eq!(sends_of(status, as_it_comes, request(&Method::GET)).await, 1, "{status}");
    }
}

/// Returns when the second request comes if this is the answer to the first one.
async fn second_after(first: impl Fn() -> Response<Full<Bytes>> + Send + Sync + 'static) -> u64 {
    let clock = TestClock::new();
    let (api, times) = noting(&clock, move |n, _| if n == 1 { first() } else { respond(200, "done") });
    let (response, _) = timed(&clock, over(&clock, api).oneshot(get("/me"))).await;
    assert_eq!(response.unwrap().status(), 200);
    let times = times.lock().unwrap();
    assert_eq!(times.len(), 2);
    times[1]
}

/// Returns a date `seconds` after the start of the test's clock, in each of its three forms.
fn dates(seconds: u64) -> [String; 3] {
    let at = SystemTime::UNIX_EPOCH
        + auth_layer::Clock::now(&TestClock::new()).wall()
        + Duration::from_secs(seconds);
    // `Thu, 01 Jan 2026 00:00:07 GMT`
    let date = httpdate::fmt_http_date(at);
    let (day, time) = (&date[5..7], &date[17..25]);
    let weekday = match &date[..3] {
        "Thu" => "Thursday",
        "Fri" => "Friday",
        other => panic!("{other} is not near the start of the clock"),
    };
    [
        date.clone(),
        format!("{weekday}, {day}-Jan-26 {time} GMT"),
        format!("{} Jan {:2} {time} 2026", &date[..3], day.parse::<u8>().unwrap()),
    ]
}

#[tokio::test]
async fn b46_what_the_server_asks_for_is_a_floor() {
    for status in [429, 503] {
        let second = second_after(move || asking(status, "7")).await;
        assert!((7_000..=7_701).contains(&second), "{status}: {second}");
        for date in dates(7) {
            let shown = date.clone();
            let second = second_after(move || asking(status, &date)).await;
            assert!((7_000..=7_701).contains(&second), "{status}, {shown}: {second}");
        }
    }
    // A time in the past asks for no wait.
    for asked in ["0", &dates(0)[0], "Sun, 06 Nov 1994 08:49:37 GMT"] {
        let asked = asked.to_owned();
        assert!(second_after(move || asking(503, &asked)).await <= 201);
    }
}

#[tokio::test]
async fn rt02_a_date_is_measured_by_the_servers_own_clock() {
    let second = second_after(|| {
        // A server whose clock is an hour ahead.
        let mut response = asking(503, &dates(3_607)[0]);
        response.headers_mut().insert("date", dates(3_600)[0].parse().unwrap());
        response
    })
    .await;
    assert!((7_000..=7_701).contains(&second), "{second}");
}

/// Returns the caller's response, which must come at once and after `sends` sends.
async fn at_once(
    policy: impl FnOnce(RetryPolicy) -> RetryPolicy,
    request: Request<Full<Bytes>>,
    retry_after: &'static str,
) -> Response<Full<Bytes>> {
    let clock = TestClock::new();
    let api = FakeApi::scripted(move |_, _| asking(429, retry_after));
    let service = RetryLayer::new(policy(self::policy(&clock))).layer(api.clone());
    let (response, took) = timed(&clock, service.oneshot(request)).await;
    assert_eq!((took, api.count()), (0, 1));
    response.unwrap()
}

#[tokio::test]
async fn rt03_a_wait_that_is_too_long_goes_back_with_the_response() {
    let after = |response: &Response<_>| response.extensions().get::<RetryAfter>().map(|after| after.wait());
    let response = at_once(as_it_comes, get("/me"), "86400").await;
    assert_eq!(after(&response), Some(Duration::from_secs(86_400)));
    assert_eq!((response.status().as_u16(), text(response).await.as_str()), (429, "later"));

    let response = at_once(as_it_comes, get("/me"), "99999999999999999999").await;
    assert_eq!(after(&response), Some(Duration::from_secs(u64::MAX)));
    let response = at_once(as_it_comes, get("/me"), "61").await;
    assert_eq!(after(&response), Some(Duration::from_secs(61)));
    let lower = |policy: RetryPolicy| policy.with_longest_wait(Duration::from_secs(5));
    assert_eq!(after(&at_once(lower, get("/me"), "6").await), Some(Duration::from_secs(6)));
    // The deadline is a limit as well.
    let hurried = |policy: RetryPolicy| policy.with_deadline(Duration::from_secs(5));
    assert_eq!(after(&at_once(hurried, get("/me"), "5").await), Some(Duration::from_secs(5)));
    // A request that may not be sent twice is not sent again, either.
    let response = at_once(as_it_comes, request(&Method::POST), "3").await;
    assert_eq!(after(&response), Some(Duration::from_secs(3)));
    assert_eq!(after(&at_once(lower, request(&Method::POST), "soon").await), None);
}

#[tokio::test]
async fn b48_a_retry_after_that_cannot_be_read_causes_no_wait() {
    for nonsense in ["", "-1", "abc", "1e9", "9, 9", "Thu, 99 Foo 2026 00:00:07 GMT"] {
        let second = second_after(move || asking(503, nonsense)).await;
        assert!(second <= 201, "{nonsense:?}: {second}");
    }
    let second = second_after(|| {
        let mut response = asking(503, "50");
        response.headers_mut().append("retry-after", "50".parse().unwrap());
        response
    })
    .await;
    assert!(second <= 201, "twice: {second}");
    // A header that is not text.
    let second = second_after(|| {
        let mut response = respond(503, "");
        response.headers_mut().insert("retry-after", http::HeaderValue::from_bytes(b"\xff7").unwrap());
        response
    })
    .await;
    assert!(second <= 201, "{second}");
}

#[tokio::test]
async fn b49_first_delays_are_spread_over_their_range() {
    let clock = TestClock::new();
    let (api, times) =
        noting(&clock, |n, _| if n <= 1_000 { respond(503, "busy") } else { respond(200, "") });
    let base = Duration::from_secs(2);
    // Ten instances of a service, each with a hundred calls that fail at the same time.
    let layers: Vec<_> = (0..10)
        .map(|seed| RetryLayer::new(policy(&clock).with_backoff(base, base).with_jitter_seed(seed)))
        .collect();
    let calls =
        layers.iter().flat_map(|layer| (0..100).map(|_| layer.layer(api.clone()).oneshot(get("/me"))));
    let (responses, _) = timed(&clock, futures_util::future::join_all(calls)).await;
    assert!(responses.iter().all(|response| response.as_ref().is_ok_and(|r| r.status() == 200)));
    let times = times.lock().unwrap();
    assert_eq!(times.len(), 2_000);
    let mut slots = [0; 100];
    // A wait ends with the first millisecond that is not before its end.
    times[1_000..].iter().for_each(|at| slots[usize::try_from(at.saturating_sub(1) / 20).unwrap()] += 1);
    assert!(slots.iter().all(|calls| *calls <= 30), "{slots:?}");
    assert_eq!(slots.iter().sum::<i32>(), 1_000);
}

#[tokio::test]
async fn b54_a_backoff_that_passes_the_deadline_is_not_slept() {
    for seed in 0..20 {
        let clock = TestClock::new();
        let (api, times) = noting(&clock, |_, _| asking(503, "1"));
        // Every wait is between 1 s and 1.1 s: a second one would end after the deadline.
        let policy = policy(&clock)
            .with_backoff(Duration::from_millis(10), Duration::from_millis(10))
            .with_deadline(Duration::from_secs(2))
            .with_jitter_seed(seed);
        let (response, took) = timed(&clock, RetryLayer::new(policy).layer(api).oneshot(get("/me"))).await;
        assert_eq!(response.unwrap().status(), 503);
        assert_eq!(times.lock().unwrap().len(), 2);
        assert!((1_000..=1_101).contains(&took), "{took}");
    }
}

#[tokio::test]
async fn b54_a_request_on_its_way_ends_at_the_deadline() {
    // Either the first attempt hangs, or the second.
    for held in [1, 2] {
        let clock = TestClock::new();
        let (api, gate) = FakeApi::scripted(|_, _| asking(503, "1")).gated();
        gate.add_permits(held - 1);
        let layer = RetryLayer::new(policy(&clock).with_deadline(Duration::from_secs(2)));
        let (result, took) = timed(&clock, layer.layer(api.clone()).oneshot(get("/me"))).await;
        let error = result.unwrap_err();
        let passed = error.downcast_ref::<DeadlinePassed>().expect("the deadline's own error");
        assert_eq!(passed.deadline(), Duration::from_secs(2));
        assert_eq!(
            error.to_string(),
            "no response within the deadline of 2s, all attempts and waits together"
        );
        assert_eq!((took, api.count()), (2_000, held));
        assert_eq!(clock.sleepers(), 0);
    }
}

#[tokio::test]
async fn b54_without_a_deadline_a_call_takes_as_long_as_it_takes() {
    let clock = TestClock::new();
    let (api, gate) = FakeApi::accepting().gated();
    let mut service = RetryLayer::new(policy(&clock).without_deadline()).layer(api);
    let mut call = service.call(get("/me"));
    assert!(poll_once(&mut call).is_pending());
    clock.advance(Duration::from_secs(86_400));
    assert!(poll_once(&mut call).is_pending());
    assert_eq!(clock.sleepers(), 0);
    gate.add_permits(1);
    assert_eq!(call.await.unwrap().status(), 200);
}

#[tokio::test]
async fn b55_a_call_that_is_dropped_while_it_waits_sends_nothing_more() {
    let clock = TestClock::new();
    let api = FakeApi::scripted(|_, _| respond(503, "busy"));
    let call = tokio::spawn(over(&clock, api.clone()).oneshot(get("/me")));
    settle().await;
    assert_eq!(api.count(), 1);
    call.abort();
    for _ in 0..100 {
        settle().await;
        clock.advance(Duration::from_millis(100));
    }
    assert_eq!((api.count(), clock.sleepers()), (1, 0));
}

#[tokio::test]
async fn b52_an_attempt_after_a_long_wait_carries_the_current_token() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(60));
    let api = FakeApi::scripted(|n, _| if n == 1 { asking(503, "90") } else { respond(200, "done") });
    let policy = policy(&rig.clock).with_longest_wait(Duration::from_secs(120)).without_deadline();
    let service = RetryLayer::new(policy).layer(rig.over(api.clone()));
    let (response, took) = timed_by(1_000, &rig.clock, service.oneshot(get("/me"))).await;
    assert_eq!(response.unwrap().status(), 200);
    assert!(took >= 90_000);
    assert_eq!(api.bearers(), ["token-1", "token-2"]);
}

#[tokio::test]
async fn rt05_a_key_is_made_once_for_a_call_and_kept() {
    let clock = TestClock::new();
    let api = FakeApi::scripted(|n, _| if n % 3 == 0 { respond(201, "made") } else { respond(503, "busy") });
    let service = RetryLayer::new(policy(&clock).with_idempotency_keys()).layer(api.clone());
    for _ in 0..2 {
        let (response, _) = timed(&clock, service.clone().oneshot(request(&Method::POST))).await;
        assert_eq!(response.unwrap().status(), 201);
    }
    let key = |seen: &Seen| {
        let keys: Vec<_> = seen.headers.get_all("idempotency-key").iter().collect();
        assert_eq!(keys.len(), 1);
        keys[0].to_str().unwrap().to_owned()
    };
    let keys: Vec<_> = api.seen().iter().map(key).collect();
    assert_eq!(keys.len(), 6);
    assert!(keys[..3].iter().all(|key| *key == keys[0]));
    assert!(keys[3..].iter().all(|key| *key == keys[3]));
    assert_ne!(keys[0], keys[3]);
    // A version 4 UUID.
    let groups: Vec<_> = keys[0].split('-').map(str::len).collect();
    assert_eq!(groups, [8, 4, 4, 4, 12]);
    assert!(keys[0][14..].starts_with('4') && keys[0][19..].starts_with(['8', '9', 'a', 'b']), "{}", keys[0]);

    // Layers made from one policy make different keys.
    let api = FakeApi::accepting();
    let made = RetryPolicy::new().with_clock(Arc::new(clock.clone())).with_idempotency_keys();
    for policy in [made.clone(), made] {
        RetryLayer::new(policy).layer(api.clone()).oneshot(request(&Method::POST)).await.unwrap();
    }
    assert_ne!(key(&api.seen()[0]), key(&api.seen()[1]));

    // A key of the caller is kept, and a request that needs none gets none.
    let api = FakeApi::accepting();
    let service = RetryLayer::new(policy(&clock).with_idempotency_keys()).layer(api.clone());
    service.clone().oneshot(keyed(&Method::POST, "idempotency-key")).await.unwrap();
    service.oneshot(request(&Method::PUT)).await.unwrap();
    assert_eq!(key(&api.seen()[0]), "a-key");
    assert!(!api.seen()[1].headers.contains_key("idempotency-key"));
}

#[tokio::test]
async fn rt08_resends_and_retries_are_counted_apart_and_bounded_together() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    // Every new token is rejected, and otherwise the server is busy.
    let api = FakeApi::scripted(|n, _| if n % 2 == 1 { respond(401, "rejected") } else { asking(503, "40") });
    let layer = RetryLayer::new(policy(&rig.clock).without_deadline());
    let (response, _) =
        timed_by(1_000, &rig.clock, layer.layer(rig.over(api.clone())).oneshot(get("/me"))).await;
    assert_eq!(response.unwrap().status(), 503);
    assert_eq!(api.count(), 8);
    assert_eq!((layer.stats().retries, rig.manager.stats().resends), (3, 4));
}

#[tokio::test]
async fn rt11_a_rejected_post_is_sent_once_more() {
    let clock = TestClock::new();
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let api = FakeApi::rejecting(&["token-1"]);
    let service = over(&clock, rig.over(api.clone()));
    let response = service.oneshot(request(&Method::POST)).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(api.bearers(), ["token-1", "token-2"]);

    // The request is sent again only once.
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let api = FakeApi::scripted(|_, _| respond(401, "rejected"));
    let response = over(&clock, rig.over(api.clone())).oneshot(request(&Method::POST)).await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(api.count(), 2);
}

#[tokio::test]
async fn b04_an_error_of_ours_is_not_retried() {
    let rig = Rig::new(FakeTokenEndpoint::scripted(|_, _| Err("down".into())));
    let api = FakeApi::accepting();
    let layer = RetryLayer::new(policy(&rig.clock));
    for _ in 0..1_000 {
        let (result, took) = timed(&rig.clock, layer.layer(rig.over(api.clone())).oneshot(get("/me"))).await;
        assert_eq!(kind(&result.unwrap_err()), Some(auth_layer::ErrorKind::Transport));
        assert_eq!(took, 0);
    }
    assert_eq!((rig.endpoint.count(), api.count(), layer.stats().retries), (1, 0, 0));
}

type Streaming = BoxBody<Bytes, BoxError>;

fn streaming(frames: Vec<Result<Frame<Bytes>, BoxError>>) -> Streaming {
    BodyExt::boxed(StreamBody::new(stream::iter(frames)))
}

fn pieces() -> Vec<Result<Frame<Bytes>, BoxError>> {
    vec![Ok(Frame::data(Bytes::from("one "))), Ok(Frame::data(Bytes::from("two")))]
}

fn put<B>(body: B) -> Request<B> {
    Request::put("https://api.example.com/things/1").body(body).unwrap()
}

#[tokio::test]
async fn rt09_a_stream_is_sent_once_and_its_response_goes_back() {
    let clock = TestClock::new();
    let api = FakeApi::scripted(|_, _| asking(503, "7"));
    let (response, took) = timed(&clock, over(&clock, api.clone()).oneshot(put(streaming(pieces())))).await;
    let response = response.unwrap();
    assert_eq!((response.status().as_u16(), took), (503, 0));
    // The wait is still reported.
    assert!(response.extensions().get::<RetryAfter>().is_some());
    assert_eq!(api.seen().into_iter().map(|seen| seen.body).collect::<Vec<_>>(), ["one two"]);
}

#[tokio::test]
async fn rt09_a_recorded_short_stream_is_sent_again_byte_for_byte() {
    let clock = TestClock::new();
    for (limit, sends) in [(7, 4), (6, 1)] {
        let api = FakeApi::scripted(|_, _| respond(503, "busy"));
        let service = ReplayBodyLayer::new().with_limit(limit).layer(over(&clock, api.clone()));
        let (response, _) = timed(&clock, service.oneshot(put(streaming(pieces())))).await;
        assert_eq!(response.unwrap().status(), 503);
        assert_eq!(api.seen().into_iter().map(|seen| seen.body).collect::<Vec<_>>(), vec!["one two"; sends]);
    }
}

#[tokio::test]
async fn b56_a_broken_stream_fails_once_and_is_not_sent_again() {
    let clock = TestClock::new();
    let sends = Arc::new(Mutex::new(0));
    let counted = sends.clone();
    // A leaf that fails with the error of the body.
    let leaf = tower::service_fn(move |request: Request<auth_layer::replay::ReplayBody<Streaming>>| {
        *counted.lock().unwrap() += 1;
        let sent = request.into_body().collect();
        sent.map_ok(|body| Response::new(Full::new(body.to_bytes())))
    });
    let service = ReplayBodyLayer::new().layer(over(&clock, leaf));
    let mut frames = pieces();
    frames.push(Err("the file could not be read".into()));
    let (result, took) = timed(&clock, service.oneshot(put(streaming(frames)))).await;
    assert_eq!(result.unwrap_err().to_string(), "the file could not be read");
    assert_eq!((*sends.lock().unwrap(), took), (1, 0));
}
