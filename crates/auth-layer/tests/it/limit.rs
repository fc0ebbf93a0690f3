//! Rate limits: which requests count, their distance and their order, and the effect of the provider's own header
//! fields.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use auth_layer::limit::{ResponseFuture, Throttle, ThrottleLayer, Throttled};
use auth_layer::profile::RateLimit;
use auth_layer::{BoxError, Clock, OperationMeta, Profile, TestClock};
use bytes::Bytes;
use http::{Extensions, HeaderMap, Method, Request, Response, StatusCode, Uri};
use tower::{Layer, Service};

use crate::support::{FakeApi, FakeTokenEndpoint, Rig, example, get, poll_once, settle, until};

/// An API that records each call with its time, and answers at once with the status and headers that were set.
#[derive(Clone, Debug)]
struct Noting {
    clock: TestClock,
    came: Arc<Mutex<Vec<(Duration, String)>>>,
    answer: Arc<Mutex<(StatusCode, HeaderMap)>>,
}

impl Service<Request<()>> for Noting {
    type Response = Response<()>;
    type Error = Infallible;
    type Future = Ready<Result<Response<()>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        let now = self.clock.now().monotonic();
        self.came.lock().unwrap().push((now, request.uri().path().to_owned()));
        let (status, headers) = self.answer.lock().unwrap().clone();
        let mut response = Response::new(());
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        ready(Ok(response))
    }
}

/// A throttle in front of such an API.
struct Line {
    clock: TestClock,
    api: Noting,
    service: Throttle<Noting>,
    start: Duration,
}

type Call = ResponseFuture<Ready<Result<Response<()>, Infallible>>, ()>;

impl Line {
    fn new(limits: &[RateLimit]) -> Self {
        Self::with(limits, None)
    }

    fn with(limits: &[RateLimit], max_wait: Option<Duration>) -> Self {
        let clock = TestClock::new();
        let profile = limits.iter().cloned().fold(example(), Profile::with_rate_limit);
        let names = ("x-ratelimit-remaining", "x-ratelimit-reset");
        let profile = profile.with_rate_limit_headers(names.0, names.1).unwrap();
        let layer = ThrottleLayer::builder(&profile).clock(Arc::new(clock.clone()));
        let layer = match max_wait {
            Some(max_wait) => layer.max_wait(max_wait),
            None => layer,
        };
        let answer = Arc::new(Mutex::new((StatusCode::OK, HeaderMap::new())));
        let api = Noting { clock: clock.clone(), came: Arc::default(), answer };
        let start = clock.now().monotonic();
        Self { service: layer.build().layer(api.clone()), clock, api, start }
    }

    fn call(&self, request: Request<()>) -> Call {
        self.service.clone().call(request)
    }

    /// Makes a call and polls it once.
    fn begin(&self, path: &str) -> Call {
        let mut call = self.call(request(path));
        let _ = poll_once(&mut call);
        call
    }

    /// Sets the API's answer from now on.
    fn answer(&self, status: u16, headers: &[(&'static str, &str)]) {
        let headers = headers.iter().map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap()));
        *self.api.answer.lock().unwrap() = (StatusCode::from_u16(status).unwrap(), headers.collect());
    }

    /// Checks whether a call is sent at once.
    #[track_caller]
    fn goes(&self, request: Request<()>, expected: bool) {
        let before = self.count();
        let is_ready = poll_once(&mut self.call(request)).is_ready();
        assert_eq!((is_ready, self.count() - before), (expected, usize::from(expected)));
    }

    fn count(&self) -> usize {
        self.api.came.lock().unwrap().len()
    }

    /// Returns the calls in order, each with its time in milliseconds.
    fn came(&self) -> Vec<(u128, String)> {
        let came = self.api.came.lock().unwrap();
        came.iter().map(|(time, path)| ((*time - self.start).as_millis(), path.clone())).collect()
    }
}

fn request(path: &str) -> Request<()> {
    Request::get(format!("https://api.example.com{path}")).body(()).unwrap()
}

fn of(operation: &'static OperationMeta) -> Request<()> {
    let mut request = request(operation.path());
    request.extensions_mut().insert(operation);
    request
}

fn limit(class: &'static str, requests: u32, period: Duration) -> RateLimit {
    RateLimit::new(class, NonZeroU32::new(requests).unwrap(), period)
}

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// Polls all calls until none makes progress, and keeps those that wait.
fn poll_all(calls: &mut Vec<Call>) {
    loop {
        let before = calls.len();
        calls.retain_mut(|call| poll_once(call).is_pending());
        if calls.len() == before {
            return;
        }
    }
}

#[test]
fn no_period_wherever_it_begins_ever_holds_more_than_was_published() {
    let limits = [
        (1, SECOND),
        (4, SECOND),
        (10, SECOND),
        (19, SECOND),
        (20, SECOND),
        (100, MINUTE),
        (7, Duration::from_nanos(1_000_003)),
    ];
    for (number, period) in limits {
        for seed in 0..40 {
            let mut chance = fastrand::Rng::with_seed(seed);
            let line = Line::new(&[limit("api", number, period)]);
            let mut waiting = Vec::new();
            for _ in 0..300 {
                // Sometimes many calls, sometimes one, sometimes none; then a pause of a moment or of a good part of
                // the period.
                let herd = [0, 0, 1, 1, 2, number / 2 + 1][chance.usize(0..6)];
                waiting.extend((0..herd).map(|_| line.call(request("/"))));
                // Some callers give up.
                waiting.retain(|_| chance.u8(..) > 10);
                poll_all(&mut waiting);
                let longest = if chance.u8(..) < 30 { period * 2 } else { period / number };
                let nanos = chance.u64(0..=u64::try_from(longest.as_nanos()).unwrap());
                line.clock.advance(Duration::from_nanos(nanos));
                poll_all(&mut waiting);
            }
            let came: Vec<Duration> = line.api.came.lock().unwrap().iter().map(|(time, _)| *time).collect();
            assert!(came.len() > 60, "only {} of {number} in {period:?}", came.len());
            for pair in came.windows(number as usize + 1) {
                let (first, last) = (pair[0], pair[pair.len() - 1]);
                assert!(last - first >= period, "{} within {:?}, seed {seed}", number + 1, last - first);
            }
        }
    }
}

#[test]
fn a_backlog_goes_at_nearly_the_published_speed() {
    let line = Line::new(&[limit("rest", 100, MINUTE)]);
    let mut waiting: Vec<Call> = (0..200).map(|_| line.call(request("/"))).collect();
    poll_all(&mut waiting);
    assert_eq!(line.count(), 10);
    for _ in 0..12_600 {
        line.clock.advance(Duration::from_millis(10));
        poll_all(&mut waiting);
    }
    // 190 requests with 0.66 s between two of them.
    assert!(waiting.is_empty(), "{} still wait", waiting.len());
}

#[test]
fn waiting_calls_are_sent_in_the_order_of_their_arrival() {
    let line = Line::new(&[limit("api", 10, SECOND)]);
    drop(line.begin("/0"));
    let mut waiting: Vec<Call> = ["/1", "/2", "/3"].map(|path| line.begin(path)).into();
    for _ in 0..5 {
        line.clock.advance(Duration::from_millis(100));
        // A turn is due. A call that comes now, or that is polled first, must not overtake the others.
        waiting.insert(0, line.begin("/late"));
        poll_all(&mut waiting);
    }
    let came = line.came();
    let paths: Vec<&str> = came.iter().map(|(_, path)| path.as_str()).collect();
    assert_eq!(paths, ["/0", "/1", "/2", "/3", "/late", "/late"]);
    let times: Vec<u128> = came.iter().map(|(time, _)| *time).collect();
    assert_eq!(times, [0, 100, 200, 300, 400, 500]);
}

#[test]
fn a_caller_that_goes_away_blocks_no_other_and_takes_no_turn() {
    let line = Line::new(&[limit("api", 10, SECOND)]);
    drop(line.begin("/0"));
    let first = line.begin("/first");
    let second = line.begin("/second");
    let mut third = vec![line.begin("/third")];
    drop(second);
    line.clock.advance(Duration::from_millis(50));
    drop(first);
    poll_all(&mut third);
    line.clock.advance(Duration::from_millis(50));
    poll_all(&mut third);
    assert!(third.is_empty());
    assert_eq!(line.came(), [(0, "/0".to_owned()), (100, "/third".to_owned())]);
}

#[tokio::test]
async fn waiters_are_woken() {
    let line = Line::new(&[limit("api", 10, SECOND)]);
    let calls: Vec<_> = (0..5).map(|_| tokio::spawn(line.call(request("/")))).collect();
    for sent in 1..=5 {
        until(|| line.count() == sent).await;
        settle().await;
        assert_eq!(line.count(), sent);
        // There is one timer for all waiting calls.
        assert_eq!(line.clock.sleepers(), usize::from(sent < 5));
        line.clock.advance(Duration::from_millis(100));
    }
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap().status(), 200);
    }
}

fn throttled(outcome: &Poll<Result<Response<()>, BoxError>>) -> Throttled {
    let Poll::Ready(Err(error)) = outcome else { panic!("not refused") };
    Throttled::find(error.as_ref()).unwrap().clone()
}

#[test]
fn a_wait_that_is_known_to_be_too_long_fails_at_once() {
    let line = Line::with(&[limit("api", 1, SECOND)], Some(Duration::from_millis(500)));
    drop(line.begin("/0"));
    let refused = throttled(&poll_once(&mut line.call(request("/1"))));
    assert_eq!((refused.class(), refused.retry_after()), ("api", Some(SECOND)));

    line.clock.advance(Duration::from_millis(500));
    let mut patient = vec![line.begin("/2")];
    line.clock.advance(Duration::from_millis(500));
    poll_all(&mut patient);
    assert_eq!(line.came(), [(0, "/0".to_owned()), (1000, "/2".to_owned())]);
}

#[test]
fn a_place_far_back_in_line_fails_after_the_longest_wait() {
    let line = Line::with(&[limit("api", 1, SECOND)], Some(Duration::from_millis(1500)));
    drop(line.begin("/0"));
    let mut second = line.begin("/1");
    let mut third = line.begin("/2");
    line.clock.advance(SECOND);
    assert!(poll_once(&mut second).is_ready());
    // Its turn would be a second later.
    let refused = throttled(&poll_once(&mut third));
    assert_eq!(refused.retry_after(), Some(SECOND));

    let (mut fourth, mut fifth) = (line.begin("/3"), line.begin("/4"));
    line.clock.advance(Duration::from_millis(1500));
    assert_eq!(throttled(&poll_once(&mut fifth)).retry_after(), None);
    // The call before it still gets its turn.
    assert!(poll_once(&mut fourth).is_ready());
    assert_eq!(line.count(), 3);
}

static REST: OperationMeta = OperationMeta::new("rest", Method::GET, "/rest").with_rate_class("rest");
static GRAPH: OperationMeta = OperationMeta::new("graph", Method::GET, "/graph").with_rate_class("graphql");
static ELSE: OperationMeta = OperationMeta::new("else", Method::GET, "/else").with_rate_class("unheard-of");
static PLAIN: OperationMeta = OperationMeta::new("plain", Method::GET, "/plain");

#[test]
fn each_class_has_a_limit_of_its_own() {
    let line = Line::new(&[limit("rest", 1, MINUTE), limit("graphql", 1, SECOND)]);
    line.goes(of(&REST), true);
    line.goes(of(&REST), false);
    line.goes(of(&GRAPH), true);
    line.goes(of(&GRAPH), false);
    line.clock.advance(SECOND);
    line.goes(of(&REST), false);
    line.goes(of(&GRAPH), true);
    // If there are several classes, a request without a class, or with an unknown one, has no limit.
    for _ in 0..100 {
        line.goes(of(&PLAIN), true);
        line.goes(of(&ELSE), true);
        line.goes(request("/"), true);
    }
}

#[test]
fn a_request_without_a_class_counts_for_the_only_class() {
    let line = Line::new(&[limit("rest", 1, MINUTE)]);
    line.goes(of(&PLAIN), true);
    line.goes(request("/"), false);
    line.goes(of(&REST), false);
    line.goes(of(&ELSE), true);
    // The limit belongs to the provider. Requests to other origins do not count.
    let elsewhere = Request::get("https://elsewhere.example.com/").body(()).unwrap();
    line.goes(elsewhere.clone(), true);
    line.goes(elsewhere, true);
}

#[test]
fn two_limits_of_one_class_are_both_kept() {
    let line = Line::new(&[limit("api", 2, SECOND), limit("api", 3, MINUTE)]);
    let mut waiting: Vec<Call> = (0..10).map(|_| line.call(request("/"))).collect();
    for _ in 0..600 {
        poll_all(&mut waiting);
        line.clock.advance(Duration::from_millis(100));
    }
    assert_eq!(line.count(), 3);
}

#[test]
fn without_a_published_limit_nothing_is_held_back() {
    let line = Line::new(&[]);
    for _ in 0..1000 {
        line.goes(of(&REST), true);
    }
    let line = Line::new(&[limit("api", 1, Duration::ZERO)]);
    for _ in 0..1000 {
        line.goes(request("/"), true);
    }
}

#[test]
fn clones_share_their_limits() {
    let line = Line::new(&[limit("api", 1, MINUTE)]);
    let mut other = line.service.clone();
    line.goes(request("/"), true);
    assert!(poll_once(&mut other.call(request("/"))).is_pending());
}

#[test]
fn retry_after_on_a_429_pauses_its_class() {
    let line = Line::new(&[limit("rest", 100, SECOND), limit("graphql", 100, SECOND)]);
    line.answer(429, &[("retry-after", "15")]);
    line.goes(of(&REST), true);
    line.answer(200, &[]);
    let mut waiting = vec![line.call(of(&REST)), line.call(of(&REST))];
    poll_all(&mut waiting);
    line.goes(of(&GRAPH), true);
    line.clock.advance(Duration::from_millis(14_999));
    poll_all(&mut waiting);
    assert_eq!(waiting.len(), 2);
    line.clock.advance(Duration::from_millis(1));
    poll_all(&mut waiting);
    assert!(waiting.is_empty());
}

#[test]
fn a_pause_that_comes_while_others_wait_holds_them_as_well() {
    let line = Line::new(&[limit("api", 1, SECOND)]);
    drop(line.begin("/0"));
    let mut waiting = vec![line.begin("/1"), line.begin("/2")];
    line.answer(429, &[("retry-after", "60")]);
    line.clock.advance(SECOND);
    // The answer to the first call asks for a pause, which holds the second one back.
    poll_all(&mut waiting);
    assert_eq!((line.count(), waiting.len()), (2, 1));
    line.clock.advance(Duration::from_secs(59));
    poll_all(&mut waiting);
    assert_eq!(waiting.len(), 1);
    line.clock.advance(SECOND);
    poll_all(&mut waiting);
    assert!(waiting.is_empty());
}

#[test]
fn nothing_left_in_headers_of_the_provider_pauses_until_the_reset() {
    let line = Line::new(&[limit("rest", 100, SECOND)]);
    let reset = (line.clock.now().wall().as_secs() + 20).to_string();
    line.answer(
        200,
        &[("x-ratelimit-limit", "100"), ("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", &reset)],
    );
    line.goes(request("/"), true);
    line.answer(
        200,
        &[("x-ratelimit-limit", "100"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &reset)],
    );
    line.goes(request("/"), true);
    line.goes(request("/"), false);
    line.clock.advance(Duration::from_secs(19));
    line.goes(request("/"), false);
    line.clock.advance(SECOND);
    line.goes(request("/"), true);
}

#[test]
fn no_pause_is_longer_than_five_minutes() {
    for asked in ["86400", "18446744073709551615"] {
        let line = Line::new(&[limit("api", 100, SECOND)]);
        line.answer(429, &[("retry-after", asked)]);
        line.goes(request("/"), true);
        line.clock.advance(Duration::from_secs(299));
        line.goes(request("/"), false);
        line.clock.advance(SECOND);
        line.goes(request("/"), true);
    }
}

#[test]
fn a_pause_longer_than_the_longest_wait_fails_at_once() {
    let line = Line::with(&[limit("api", 100, SECOND)], Some(Duration::from_secs(5)));
    line.answer(429, &[("retry-after", "15")]);
    line.goes(request("/"), true);
    let refused = throttled(&poll_once(&mut line.call(request("/"))));
    assert_eq!(refused.retry_after(), Some(Duration::from_secs(15)));
}

#[tokio::test]
async fn a_resend_after_a_rejection_counts_as_well() {
    let rig = Rig::with_profile(
        FakeTokenEndpoint::issuing(3600),
        example().with_rate_limit(limit("api", 1, MINUTE)),
    );
    let api = FakeApi::rejecting(&["token-1"]);
    let throttle = ThrottleLayer::builder(&rig.profile).clock(Arc::new(rig.clock.clone())).build();
    let service = rig.layer().layer(throttle.layer(api.clone()));
    let call = tokio::spawn(tower::ServiceExt::oneshot(service, get("/me")));
    until(|| rig.clock.sleepers() == 1).await;
    assert_eq!((api.count(), rig.endpoint.count()), (1, 2));
    rig.advance(60);
    assert_eq!(call.await.unwrap().unwrap().status(), 200);
    assert_eq!(api.bearers(), ["token-1", "token-2"]);
}

/// An API without any cost.
#[derive(Clone)]
struct Free;

impl Service<Request<Bytes>> for Free {
    type Response = Response<()>;
    type Error = Infallible;
    type Future = Ready<Result<Response<()>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Bytes>) -> Self::Future {
        ready(Ok(Response::new(())))
    }
}

#[test]
fn a_request_that_need_not_wait_costs_no_allocation() {
    let profile =
        example().with_rate_limit(limit("a", 1_000_000, SECOND)).with_rate_limit(limit("b", 1, SECOND));
    let mut service = ThrottleLayer::new(&profile).layer(Free);
    let mut cost = |operation: Option<&'static OperationMeta>| {
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = Uri::from_static("https://api.example.com/me");
        let mut extensions = Extensions::new();
        if let Some(operation) = operation {
            extensions.insert(operation);
        }
        *request.extensions_mut() = extensions;
        allocation_counter::measure(|| {
            let mut response = service.call(request);
            let mut cx = Context::from_waker(std::task::Waker::noop());
            assert!(std::future::Future::poll(Pin::new(&mut response), &mut cx).is_ready());
        })
        .count_total
    };
    static FAST: OperationMeta = OperationMeta::new("fast", Method::GET, "/me").with_rate_class("a");
    for _ in 0..1000 {
        assert_eq!(cost(None), 0);
        assert_eq!(cost(Some(&FAST)), 0);
    }
}
