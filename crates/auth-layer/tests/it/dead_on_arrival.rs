//! Tokens that have expired when they arrive: callers wait for a better one, and the source is asked once a second.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use auth_layer::retry::DeadlinePassed;
use auth_layer::source::{IssuedToken, TokenRequest};
use auth_layer::{
    AccessToken, Clock, Error, ErrorKind, ReplayRule, RetryPolicy, StackLayer, TestClock, TokenManager,
    TokenSource,
};
use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use tower::{Layer, ServiceExt};

use crate::house::{House, token};
use crate::refresh::sent;
use crate::support::{
    FakeApi, FakeTokenEndpoint, Rig, example, exchange, get, json_response, poll_once, respond, settle,
    status_at_once, token_answer, until,
};

/// A rig whose exchanges may take an hour.
fn patient(endpoint: FakeTokenEndpoint) -> Rig {
    let clock = TestClock::new();
    let exchange =
        exchange(&endpoint, &clock, &example()).timeout(Duration::from_secs(36_000)).build().unwrap();
    Rig::with_exchange(endpoint, clock, example(), exchange)
}

/// Moves the clock in tenths of a second until the condition is true. Returns the number of steps.
async fn tenths(clock: &TestClock, mut done: impl FnMut() -> bool) -> u64 {
    settle().await;
    let mut tenths = 0;
    while !done() {
        clock.advance(Duration::from_millis(100));
        settle().await;
        tenths += 1;
        assert!(tenths < 100_000, "it did not come about");
    }
    tenths
}

fn lifetime(stated: &str) -> Response<Full<Bytes>> {
    json_response(200, &format!(r#"{{"access_token":"dead","token_type":"Bearer","expires_in":{stated}}}"#))
}

#[tokio::test]
async fn a_token_that_is_dead_on_arrival_fails_no_call() {
    for stated in ["0", "\"0\"", "0.0"] {
        let rig = Rig::new(FakeTokenEndpoint::scripted(move |n, _| match n {
            1 | 2 => Ok(lifetime(stated)),
            _ => Ok(token_answer("good", 3600)),
        }));
        let api = FakeApi::accepting();
        let service = rig.over(api.clone());
        let calls: Vec<_> = (0..50).map(|_| tokio::spawn(service.clone().oneshot(get("/me")))).collect();
        let waited = tenths(&rig.clock, || calls.iter().all(tokio::task::JoinHandle::is_finished)).await;
        assert_eq!((waited, rig.endpoint.count()), (20, 3), "{stated}");
        for call in calls {
            assert_eq!(call.await.unwrap().unwrap().status(), 200);
        }
        assert!(api.bearers().iter().all(|bearer| bearer == "good"));
        let stats = rig.manager.stats();
        assert_eq!((stats.exchanges, stats.failures), (3, 2));
    }
}

#[tokio::test]
async fn b19_an_answer_that_is_slower_than_the_life_fails_no_call() {
    let rig = patient(FakeTokenEndpoint::issuing(20));
    let api = FakeApi::accepting();
    let service = rig.over(api.clone());
    rig.endpoint.hold();
    let call = tokio::spawn(service.clone().oneshot(get("/me")));
    until(|| rig.endpoint.count() == 1).await;
    rig.advance(20);
    rig.endpoint.open();
    assert_eq!(tenths(&rig.clock, || call.is_finished()).await, 10);
    assert_eq!(call.await.unwrap().unwrap().status(), 200);
    assert_eq!(api.bearers(), ["token-2"]);
}

#[tokio::test]
async fn b18_a_wall_clock_set_forward_during_an_exchange_fails_no_call() {
    for step in [3_600, 7_200, 10 * 365 * 86_400] {
        let rig = patient(FakeTokenEndpoint::issuing(3600));
        let api = FakeApi::accepting();
        let service = rig.over(api.clone());
        rig.endpoint.hold();
        let call = tokio::spawn(service.clone().oneshot(get("/me")));
        until(|| rig.endpoint.count() == 1).await;
        rig.clock.suspend(Duration::from_secs(step));
        rig.endpoint.open();
        assert_eq!(tenths(&rig.clock, || call.is_finished()).await, 10);
        assert_eq!(call.await.unwrap().unwrap().status(), 200);
        assert_eq!((api.bearers(), rig.endpoint.count()), (vec!["token-2".to_owned()], 2));
        // The clock's step costs one more exchange, and then nothing.
        for _ in 0..3_000 {
            rig.advance(1);
            assert_eq!(status_at_once(&service), 200);
        }
        assert_eq!(rig.endpoint.count(), 2);
    }
}

#[tokio::test]
async fn a_token_with_less_than_a_second_left_is_not_the_first_choice() {
    let rig = patient(FakeTokenEndpoint::scripted(|n, _| {
        Ok(token_answer(&format!("token-{n}"), if n == 1 { 1 } else { 60 }))
    }));
    let api = FakeApi::accepting();
    let service = rig.over(api.clone());
    rig.endpoint.hold();
    let call = tokio::spawn(service.clone().oneshot(get("/me")));
    until(|| rig.endpoint.count() == 1).await;
    rig.advance_millis(5);
    rig.endpoint.open();
    assert_eq!(tenths(&rig.clock, || call.is_finished()).await, 10);
    call.await.unwrap().unwrap();
    assert_eq!(api.bearers(), ["token-2"]);
}

/// A source whose answers take as long as its tokens live, or a little less.
#[derive(Debug)]
struct Slow {
    clock: TestClock,
    takes: Duration,
    lives: Duration,
    asked: Arc<std::sync::Mutex<Vec<Duration>>>,
}

#[async_trait]
impl TokenSource for Slow {
    async fn token(&self, _: &TokenRequest) -> Result<IssuedToken, Error> {
        let asked = self.clock.now();
        let number = {
            let mut all = self.asked.lock().unwrap();
            all.push(asked.monotonic());
            all.len()
        };
        self.clock.sleep(self.takes).await;
        Ok(IssuedToken::new(AccessToken::new(&format!("token-{number}"))?, asked, self.lives))
    }
}

#[tokio::test]
async fn tokens_that_never_have_a_second_left_are_used_while_they_live() {
    let (clock, asked) = (TestClock::new(), Arc::<std::sync::Mutex<Vec<Duration>>>::default());
    let source = Slow {
        clock: clock.clone(),
        takes: Duration::from_millis(300),
        lives: Duration::from_secs(1),
        asked: asked.clone(),
    };
    let manager = TokenManager::builder(source).clock(Arc::new(clock.clone())).build();
    for _ in 0..20 {
        let call = tokio::spawn({
            let manager = manager.clone();
            async move { manager.token().await }
        });
        tenths(&clock, || call.is_finished()).await;
        let token = call.await.unwrap().unwrap();
        assert!(token.expires() > clock.now().wall());
    }
    let asked = asked.lock().unwrap();
    assert!(asked.windows(2).all(|pair| pair[1] - pair[0] >= Duration::from_secs(1)), "{asked:?}");
}

#[tokio::test]
async fn a_server_of_dead_tokens_is_asked_at_most_once_a_second() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(0));
    let layer = StackLayer::new(&rig.profile, rig.manager.clone())
        .with_retry(RetryPolicy::new().with_deadline(Duration::from_millis(2_500)));
    let service = layer.layer(FakeApi::accepting());
    let mut calls = Vec::new();
    for tenth in 0..6_000 {
        calls.push((tenth, tokio::spawn(service.clone().oneshot(get("/me")))));
        settle().await;
        rig.advance_millis(100);
        settle().await;
        while calls.first().is_some_and(|(_, call)| call.is_finished()) {
            let (began, call) = calls.remove(0);
            let error = call.await.unwrap().unwrap_err();
            assert!(error.is::<DeadlinePassed>(), "{error}");
            assert!((24..=26).contains(&(tenth + 1 - began)), "{began} {tenth}");
        }
    }
    assert!((590..=601).contains(&rig.endpoint.count()), "{}", rig.endpoint.count());
    rig.endpoint.now(|_, _| Ok(token_answer("good", 3600)));
    let last = calls.pop().unwrap().1;
    tenths(&rig.clock, || last.is_finished()).await;
    assert_eq!(last.await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn b12_a_life_of_nothing_costs_no_exchange_per_call() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(0));
    let service = rig.over(FakeApi::accepting());
    for _ in 0..1000 {
        // Each caller gives up at once, and another one comes.
        assert!(poll_once(&mut Box::pin(service.clone().oneshot(get("/me")))).is_pending());
        settle().await;
    }
    assert_eq!(rig.endpoint.count(), 1);
    for second in 0..20 {
        for _ in 0..10 {
            assert!(poll_once(&mut Box::pin(service.clone().oneshot(get("/me")))).is_pending());
            rig.advance_millis(100);
            settle().await;
        }
        assert!(rig.endpoint.count() <= second + 2, "{}", rig.endpoint.count());
    }
}

#[tokio::test]
async fn without_a_caller_that_waits_the_source_is_left_alone() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(0));
    let mut call = Box::pin(rig.manager.token());
    assert!(poll_once(&mut call).is_pending());
    settle().await;
    rig.advance(1);
    settle().await;
    assert_eq!(rig.endpoint.count(), 2);
    drop(call);
    for _ in 0..100 {
        rig.advance(1);
        settle().await;
    }
    assert_eq!((rig.endpoint.count(), rig.clock.sleepers()), (2, 0));
    // The failure is not remembered, so the next caller gets a token at once.
    rig.endpoint.now(|_, _| Ok(token_answer("good", 60)));
    assert!(rig.manager.token().await.is_ok());
}

#[tokio::test]
async fn without_a_handle_the_source_is_left_alone() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(0));
    let Rig { clock, endpoint, manager, .. } = rig;
    let call = tokio::spawn(async move { manager.token().await.map(drop) });
    settle().await;
    assert_eq!(endpoint.count(), 1);
    call.abort();
    settle().await;
    clock.advance(Duration::from_secs(10));
    settle().await;
    assert_eq!((endpoint.count(), clock.sleepers()), (1, 0));
}

#[tokio::test]
async fn b19_an_early_renewal_that_is_dead_on_arrival_backs_off() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let service = rig.over(FakeApi::accepting());
    service.clone().oneshot(get("/me")).await.unwrap();
    rig.endpoint.now(|_, _| Ok(token_answer("dead", 0)));
    rig.advance(3_360);
    let mut asked = vec![];
    for tenth in 0..2_399 {
        let before = rig.endpoint.count();
        assert_eq!(status_at_once(&service), 200);
        settle().await;
        asked.extend(std::iter::repeat_n(tenth, rig.endpoint.count() - before));
        rig.advance_millis(100);
    }
    // The pauses are 1 s, doubling to 60 s, up to 15 % shorter.
    assert!((7..=10).contains(&asked.len()), "{asked:?}");
    // The old token ends. The backoff of its renewal does not apply to callers that need a token now.
    rig.advance_millis(100);
    let call = tokio::spawn(service.clone().oneshot(get("/me")));
    tenths(&rig.clock, || rig.endpoint.count() > asked.len() + 1).await;
    rig.endpoint.now(|_, _| Ok(token_answer("good", 3600)));
    assert!(tenths(&rig.clock, || call.is_finished()).await <= 10);
    assert_eq!(call.await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn a_renewal_after_a_rejection_is_waited_for_as_well() {
    let rig = Rig::new(FakeTokenEndpoint::scripted(|n, _| match n {
        1 => Ok(token_answer("dead-token-1", 3600)),
        2 => Ok(token_answer("dead", 0)),
        _ => Ok(token_answer("good", 3600)),
    }));
    let api = FakeApi::rejecting(&["dead-token-1"]);
    let call = tokio::spawn(rig.over(api.clone()).oneshot(get("/me")));
    assert_eq!(tenths(&rig.clock, || call.is_finished()).await, 10);
    assert_eq!(call.await.unwrap().unwrap().status(), 200);
    assert_eq!(api.bearers(), ["dead-token-1", "good"]);
}

#[tokio::test]
async fn refresh_tokens_that_rotate_meanwhile_are_each_stored() {
    let current = std::sync::Mutex::new("r0".to_owned());
    let endpoint = FakeTokenEndpoint::scripted(move |n, seen| {
        let mut current = current.lock().unwrap();
        assert_eq!(seen.form("refresh_token").as_deref(), Some(&**current), "each is used once");
        *current = format!("r{n}");
        let lifetime = if n < 4 { 0 } else { 3600 };
        let body = format!(
            r#"{{"access_token":"a{n}","token_type":"Bearer","expires_in":{lifetime},"refresh_token":"r{n}"}}"#
        );
        Ok(json_response(200, &body))
    });
    let house = House::new(endpoint, ReplayRule::KillsFamily);
    let manager = house.start();
    let call = tokio::spawn({
        let manager = manager.clone();
        async move { token(&manager).await }
    });
    for n in 1..=4 {
        until(|| house.endpoint.count() == n).await;
        settle().await;
        assert_eq!(house.entry().await.refresh_token.expose(), format!("r{n}"));
        house.advance(1);
    }
    assert_eq!(call.await.unwrap().unwrap(), "a4");
    assert_eq!(sent(&house.endpoint), ["r0", "r1", "r2", "r3"]);
}

#[tokio::test]
async fn a_failure_after_a_dead_token_is_reported_as_a_failure() {
    let rig = Rig::new(FakeTokenEndpoint::scripted(|n, _| match n {
        1 => Ok(token_answer("dead", 0)),
        _ => Ok(respond(503, "")),
    }));
    let call = tokio::spawn({
        let manager = rig.manager.clone();
        async move { manager.token().await }
    });
    tenths(&rig.clock, || call.is_finished()).await;
    let error = call.await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::Refused, 503));
}

#[tokio::test]
async fn forgetting_ends_the_wait_for_a_better_token() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(0));
    let call = tokio::spawn({
        let manager = rig.manager.clone();
        async move { manager.token().await }
    });
    until(|| rig.endpoint.count() == 1).await;
    settle().await;
    rig.endpoint.now(|_, _| Ok(token_answer("good", 60)));
    rig.manager.forget();
    assert_eq!(call.await.unwrap().unwrap_err().kind(), ErrorKind::Interrupted);
    assert_eq!(rig.manager.token().await.unwrap().access_token().expose(), "good");
}

#[tokio::test]
async fn a_caller_without_a_deadline_gets_the_error_in_the_end() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(0));
    let call = tokio::spawn({
        let manager = rig.manager.clone();
        async move { manager.token().await }
    });
    let waited = tenths(&rig.clock, || call.is_finished()).await;
    assert_eq!(waited, 9_000, "a quarter of an hour");
    let error = call.await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::InvalidAnswer, true));
    assert!((900..=901).contains(&rig.endpoint.count()));
}

#[tokio::test]
async fn lives_of_two_and_three_seconds_are_used_as_they_are() {
    for life in [1, 2, 3] {
        let rig = Rig::new(FakeTokenEndpoint::issuing(life));
        let service = rig.over(FakeApi::accepting());
        for n in 1..=5 {
            assert_eq!(service.clone().oneshot(get("/me")).await.unwrap().status(), 200);
            assert_eq!(rig.endpoint.count(), n);
            rig.advance(life);
        }
    }
}

#[test]
fn outside_a_runtime_a_dead_token_is_a_transient_error() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(0));
    let error = futures_util::FutureExt::now_or_never(rig.manager.token()).unwrap().unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::InvalidAnswer, true));
    assert_eq!(AtomicUsize::new(rig.endpoint.count()).load(Ordering::Relaxed), 1);
}
