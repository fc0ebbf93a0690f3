//! Callers without a token while token requests fail for a short time. Under `stack()` they wait for one shared retry.

use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use auth_layer::{
    BoxError, Clock, Error, ErrorKind, Identity, RetryPolicy, StackLayer, TestClock, TokenManager, TokenPool,
    stack,
};
use bytes::Bytes;
use futures_util::future::join_all;
use http::Response;
use http_body_util::Full;
use tower::{Layer, ServiceExt};

use crate::retry::timed_by;
use crate::support::{
    FakeApi, FakeTokenEndpoint, Rig, at_once, example, exchange, get, json_response, kind, respond, settle,
    token_answer, until,
};

type Answer = Result<Response<Full<Bytes>>, BoxError>;

/// Returns an answer with a `Retry-After`.
fn busy(seconds: u64) -> Answer {
    let mut response = respond(503, "busy");
    response.headers_mut().insert("retry-after", seconds.to_string().parse().unwrap());
    Ok(response)
}

fn refused_connection() -> Answer {
    Err(Box::new(std::io::Error::from(std::io::ErrorKind::ConnectionRefused)))
}

/// Returns an endpoint that fails `times` times, and then issues a token.
fn failing(times: usize, failure: fn() -> Answer) -> FakeTokenEndpoint {
    FakeTokenEndpoint::scripted(
        move |n, _| if n <= times { failure() } else { Ok(token_answer("good", 3600)) },
    )
}

fn over(rig: &Rig) -> StackLayer {
    stack(&rig.profile, rig.manager.clone())
}

/// Makes one call under the stack. Returns the status or the error, and the milliseconds that it took.
async fn call(rig: &Rig, layer: StackLayer) -> (Result<u16, BoxError>, u64) {
    let (outcome, millis) =
        timed_by(10, &rig.clock, layer.layer(FakeApi::accepting()).oneshot(get("/me"))).await;
    (outcome.map(|response| response.status().as_u16()), millis)
}

/// Checks that a call fails without time passing, after `requests` token requests in all.
async fn fails_at_once(rig: &Rig, layer: StackLayer, requests: usize) -> Error {
    let (outcome, millis) = call(rig, layer).await;
    let error = Error::find(outcome.unwrap_err().as_ref()).unwrap().clone();
    assert_eq!((millis, rig.endpoint.count()), (0, requests), "{error}");
    error
}

#[tokio::test]
async fn cc09_a_herd_under_stack_waits_for_one_shared_retry() {
    for failure in [|| busy(1), refused_connection] {
        for failures in 1..=3 {
            let rig = Rig::new(failing(failures, failure));
            let times: Arc<Mutex<Vec<Duration>>> = Arc::default();
            let (clock, noted) = (rig.clock.clone(), times.clone());
            let script = move |n: usize| {
                noted.lock().unwrap().push(clock.now().monotonic());
                if n <= failures { failure() } else { Ok(token_answer("good", 3600)) }
            };
            rig.endpoint.now(move |n, _| script(n));
            let api = FakeApi::accepting();
            let service = over(&rig).layer(api.clone());
            let calls = (0..100).map(|_| service.clone().oneshot(get("/me")));
            let (responses, _) = timed_by(10, &rig.clock, join_all(calls)).await;
            assert!(responses.into_iter().all(|response| response.unwrap().status() == 200));
            assert_eq!((rig.endpoint.count(), api.count()), (failures + 1, 100));
            // One request for each backoff, and none before the end of the backoff.
            for (pair, seconds) in times.lock().unwrap().windows(2).zip([1_u32, 2, 4]) {
                let least = Duration::from_millis(850) * seconds;
                assert!(pair[1] - pair[0] >= least, "{:?} after {seconds} s", pair[1] - pair[0]);
            }
        }
    }
}

#[tokio::test]
async fn cc09_callers_who_come_during_the_backoff_wait_as_well() {
    let rig = Rig::new(failing(1, || busy(3)));
    assert!(rig.manager.token().await.is_err());
    rig.advance(1);
    let (outcome, millis) = call(&rig, over(&rig)).await;
    assert_eq!((outcome.unwrap(), rig.endpoint.count()), (200, 2));
    assert!((2_000..=2_460).contains(&millis), "{millis} ms");
}

#[tokio::test]
async fn cc09_without_patience_a_call_fails_at_once() {
    let rig = Rig::new(failing(usize::MAX, refused_connection));
    let error = fails_at_once(&rig, over(&rig).without_retry(), 1).await;
    assert_eq!(error.kind(), ErrorKind::Transport);
    let error = fails_at_once(&rig, over(&rig).with_patience(Duration::ZERO), 1).await;
    assert_eq!(error.kind(), ErrorKind::Transport);
    // The order of the settings does not matter.
    let once = over(&rig).without_retry().with_patience(Duration::from_secs(5));
    fails_at_once(&rig, once, 1).await;
    // The bare layer has no patience by default.
    assert!(matches!(at_once(&rig.over(FakeApi::accepting())), Poll::Ready(Err(_))));
}

#[tokio::test]
async fn cc09_a_deadline_shorter_than_the_backoff_fails_at_once() {
    let rig = Rig::new(failing(1, refused_connection));
    let hurry = RetryPolicy::new().with_deadline(Duration::from_millis(500));
    fails_at_once(&rig, over(&rig).with_retry(hurry), 1).await;
    fails_at_once(&rig, over(&rig).with_patience(Duration::from_millis(500)), 1).await;
}

#[tokio::test]
async fn cc09_a_long_retry_after_fails_at_once_and_says_so() {
    let rig = Rig::new(failing(1, || busy(60)));
    let first = fails_at_once(&rig, over(&rig), 1).await;
    assert_eq!(first.retry_after(), Some(Duration::from_secs(60)));
    rig.advance_millis(15_500);
    let error = fails_at_once(&rig, over(&rig), 1).await;
    let left = error.retry_after().unwrap();
    assert!((44_500..=53_500).contains(&left.as_millis()), "{left:?}");
    let seconds = left.as_millis().div_ceil(1_000);
    assert!(
        error.to_string().ends_with(&format!("status 503; the next token request is in {seconds} s")),
        "{error}"
    );
    // The bare layer fails in the same way, and also for a permanent failure.
    let Poll::Ready(Err(error)) = at_once(&rig.over(FakeApi::accepting())) else { panic!("it had to wait") };
    assert!(error.to_string().ends_with(&format!("in {seconds} s")), "{error}");
}

#[tokio::test]
async fn cc09_a_permanent_refusal_fails_at_once() {
    let refusal = || Ok(json_response(400, r#"{"error":"invalid_client"}"#));
    let rig = Rig::new(failing(usize::MAX, refusal));
    assert_eq!(fails_at_once(&rig, over(&rig), 1).await.kind(), ErrorKind::Refused);
    let remembered = fails_at_once(&rig, over(&rig), 1).await;
    assert!(remembered.retry_after().unwrap() >= Duration::from_secs(5));
}

#[tokio::test]
async fn cc09_a_refusal_that_follows_trouble_ends_the_wait() {
    let rig = Rig::new(FakeTokenEndpoint::scripted(|n, _| match n {
        1 => refused_connection(),
        _ => Ok(json_response(400, r#"{"error":"invalid_client"}"#)),
    }));
    let (outcome, millis) = call(&rig, over(&rig)).await;
    assert_eq!((kind(&outcome.unwrap_err()), rig.endpoint.count()), (Some(ErrorKind::Refused), 2));
    assert!(millis <= 1_000, "{millis} ms");
}

#[tokio::test]
async fn cc09_no_more_retries_than_the_policy_has() {
    // The pauses are 1 s, 2 s and 4 s, each up to 15 % shorter.
    let rig = Rig::new(failing(usize::MAX, refused_connection));
    let (outcome, millis) = call(&rig, over(&rig)).await;
    assert_eq!((kind(&outcome.unwrap_err()), rig.endpoint.count()), (Some(ErrorKind::Transport), 4));
    assert!((5_950..=7_030).contains(&millis), "{millis} ms");

    let rig = Rig::new(failing(usize::MAX, refused_connection));
    let two = RetryPolicy::new().with_attempts(2);
    let (outcome, _) = call(&rig, over(&rig).with_retry(two)).await;
    assert!(outcome.is_err());
    assert_eq!(rig.endpoint.count(), 2);
}

#[tokio::test]
async fn cc09_no_longer_than_its_patience_however_many_attempts() {
    let rig = Rig::new(failing(usize::MAX, refused_connection));
    let stubborn = RetryPolicy::new().with_attempts(1_000).without_deadline();
    let (outcome, millis) = call(&rig, over(&rig).with_retry(stubborn)).await;
    assert!(outcome.is_err());
    // A wait of 8 s that would end after the 10 s does not start.
    assert_eq!(rig.endpoint.count(), 4);
    assert!(millis <= 7_030, "{millis} ms");
}

#[tokio::test]
async fn cc09_an_endpoint_that_hung_is_asked_again() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    rig.endpoint.hold();
    let call = tokio::spawn(over(&rig).layer(FakeApi::accepting()).oneshot(get("/me")));
    until(|| rig.endpoint.count() == 1).await;
    // The exchange has a timeout of 1 s.
    rig.advance(1);
    settle().await;
    rig.endpoint.open();
    assert!(!call.is_finished());
    rig.advance(1);
    settle().await;
    assert!(call.is_finished());
    assert_eq!((call.await.unwrap().unwrap().status().as_u16(), rig.endpoint.count()), (200, 2));
}

#[tokio::test]
async fn cc09_a_retry_that_hangs_is_waited_for_within_the_patience() {
    let endpoint = failing(1, || busy(1));
    let clock = TestClock::new();
    let patient = exchange(&endpoint, &clock, &example()).timeout(Duration::from_secs(600)).build().unwrap();
    let rig = Rig::with_exchange(endpoint, clock, example(), patient);
    let layer = over(&rig).with_patience(Duration::from_secs(3));
    let service = layer.layer(FakeApi::accepting());
    let call = tokio::spawn(service.oneshot(get("/me")));
    until(|| rig.endpoint.count() == 1).await;
    settle().await;
    rig.endpoint.hold();
    rig.advance_millis(1_150);
    until(|| rig.endpoint.count() == 2).await;
    rig.advance_millis(1_840);
    settle().await;
    assert!(!call.is_finished());
    rig.advance_millis(10);
    settle().await;
    assert!(call.is_finished(), "3 s are over");
    let error = call.await.unwrap().unwrap_err();
    // The error has the reason of the failure before.
    assert_eq!(Error::find(error.as_ref()).unwrap().status().unwrap().as_u16(), 503);
    // The retry continues, and serves the next caller.
    rig.endpoint.open();
    assert_eq!(rig.manager.token().await.unwrap().access_token().expose(), "good");
    assert_eq!(rig.endpoint.count(), 2);
}

#[tokio::test]
async fn a_token_that_comes_another_way_ends_the_wait_within_a_second() {
    let rig = Rig::new(failing(1, || busy(8)));
    let call = tokio::spawn(over(&rig).layer(FakeApi::accepting()).oneshot(get("/me")));
    until(|| rig.endpoint.count() == 1).await;
    settle().await;
    rig.advance_millis(2_500);
    settle().await;
    assert!(!call.is_finished());
    rig.manager.forget();
    assert!(rig.manager.token().await.is_ok());
    rig.advance(1);
    settle().await;
    assert!(call.is_finished());
    assert_eq!((call.await.unwrap().unwrap().status().as_u16(), rig.endpoint.count()), (200, 2));
}

#[tokio::test]
async fn a_caller_that_goes_away_while_it_waits_stops_no_other() {
    let rig = Rig::new(failing(2, refused_connection));
    let service = over(&rig).layer(FakeApi::accepting());
    let calls: Vec<_> = (0..3).map(|_| tokio::spawn(service.clone().oneshot(get("/me")))).collect();
    until(|| rig.endpoint.count() == 1).await;
    settle().await;
    calls[0].abort();
    for _ in 0..40 {
        rig.advance_millis(100);
        settle().await;
    }
    for call in calls.into_iter().skip(1) {
        assert_eq!(call.await.unwrap().unwrap().status(), 200);
    }
    assert_eq!(rig.endpoint.count(), 3);
    assert_eq!(rig.clock.sleepers(), 0);
}

#[tokio::test]
async fn an_identity_that_is_removed_ends_the_wait_within_a_second() {
    let endpoint = failing(usize::MAX, || busy(8));
    let clock = TestClock::new();
    let (of_exchange, of_manager) = (clock.clone(), clock.clone());
    let asked = endpoint.clone();
    let pool = TokenPool::builder(move |identity: &Identity| {
        let exchange = exchange(&asked, &of_exchange, &example()).identity(identity).build()?;
        Ok(TokenManager::builder(exchange).clock(Arc::new(of_manager.clone())).build())
    })
    .clock(Arc::new(clock.clone()))
    .build();
    let mut request = get("/me");
    request.extensions_mut().insert(Identity::new("tenant"));
    let service = StackLayer::pooled(&example(), pool.clone()).layer(FakeApi::accepting());
    let call = tokio::spawn(service.oneshot(request));
    until(|| endpoint.count() == 1).await;
    settle().await;
    pool.remove(&Identity::new("tenant"));
    clock.advance(Duration::from_secs(1));
    settle().await;
    assert!(call.is_finished());
    assert_eq!(kind(&call.await.unwrap().unwrap_err()), Some(ErrorKind::Interrupted));
    assert_eq!(endpoint.count(), 1);
}

#[test]
fn outside_a_runtime_there_is_no_timer_and_a_call_fails_at_once() {
    let rig = Rig::new(failing(1, refused_connection));
    let service = rig.layer().with_patience(Duration::from_secs(10)).layer(FakeApi::accepting());
    for _ in 0..2 {
        let Poll::Ready(Err(error)) = at_once(&service) else { panic!("it had to wait") };
        assert_eq!(kind(&error), Some(ErrorKind::Transport));
    }
    assert_eq!(rig.endpoint.count(), 1);
}

#[tokio::test]
async fn a_token_rejected_just_before_it_expires_is_waited_for_as_well() {
    // The early renewal has failed, so that the rejection starts none. The server sees the token expire before we do.
    for (left_millis, patience, expected) in [(1, 10, 200), (999, 10, 200), (1000, 10, 401), (1, 0, 401)] {
        let rig = Rig::new(FakeTokenEndpoint::scripted(|n, _| match n {
            2 => busy(2),
            _ => Ok(token_answer(&format!("token-{n}"), 100)),
        }));
        let api = FakeApi::scripted(|n, seen| match (n, seen.bearer().as_deref()) {
            (3.., Some("token-1")) => respond(401, "rejected"),
            _ => respond(200, "ok"),
        });
        let service = over(&rig).with_patience(Duration::from_secs(patience)).layer(api);
        assert_eq!(service.clone().oneshot(get("/me")).await.unwrap().status(), 200);
        rig.clock.advance(Duration::from_millis(100_000 - left_millis));
        assert_eq!(service.clone().oneshot(get("/me")).await.unwrap().status(), 200);
        until(|| rig.endpoint.count() == 2).await;
        settle().await;
        let (outcome, _) = timed_by(10, &rig.clock, service.oneshot(get("/me"))).await;
        assert_eq!(outcome.unwrap().status(), expected, "{left_millis} ms left, {patience} s of patience");
    }
}

#[tokio::test]
async fn a_token_that_expired_on_its_way_is_waited_for_as_well() {
    for (patience, expected) in [(10, 200), (0, 401)] {
        let rig = Rig::new(FakeTokenEndpoint::scripted(|n, _| match n {
            2 => busy(1),
            _ => Ok(token_answer(&format!("token-{n}"), 100)),
        }));
        let (api, gate) = FakeApi::rejecting(&["token-1"]).gated();
        let layer = over(&rig).with_patience(Duration::from_secs(patience));
        let sent = tokio::spawn(layer.layer(api.clone()).oneshot(get("/me")));
        until(|| api.count() == 1).await;
        // The token expires while its request is in progress.
        rig.advance(100);
        gate.add_permits(2);
        let (outcome, _) = timed_by(10, &rig.clock, sent).await;
        assert_eq!(outcome.unwrap().unwrap().status(), expected, "{patience} s");
    }
}
