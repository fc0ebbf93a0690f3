//! A failing token endpoint: what callers notice, how often it is asked, and how soon callers recover.

use std::time::Duration;

use auth_layer::ErrorKind;
use tower::ServiceExt;

use crate::support::{
    FakeApi, FakeTokenEndpoint, Rig, at_once, get, kind, respond, settle, status_at_once, token_answer,
};

fn down() -> Result<http::Response<http_body_util::Full<bytes::Bytes>>, auth_layer::BoxError> {
    Err("connection refused".into())
}

/// Returns a rig that holds `token-1`. Its endpoint fails before the early window (3300 s to 3360 s of 3600 s).
async fn down_before_the_early_window() -> Rig {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    rig.manager.token().await.unwrap();
    rig.endpoint.now(|_, _| down());
    rig.advance(3299);
    rig
}

#[tokio::test]
async fn cc07_an_outage_while_the_token_is_valid_fails_no_call() {
    let rig = down_before_the_early_window().await;
    let service = rig.over(FakeApi::accepting());
    for _ in 0..3009 {
        assert_eq!(status_at_once(&service), 200);
        settle().await;
        rig.advance_millis(100);
    }
    let failures = rig.manager.stats().failures;
    assert!(failures > 3, "it was tried again, and counted: {failures}");
    assert_eq!(rig.endpoint.count() as u64, failures + 1);
}

#[tokio::test]
async fn b23_an_outage_is_asked_about_no_more_than_the_backoff_allows() {
    let rig = down_before_the_early_window().await;
    let service = rig.over(FakeApi::accepting());
    // Until the first failure, and then for 5 min, the last part of them without a valid token.
    while rig.endpoint.count() == 1 {
        assert_eq!(status_at_once(&service), 200);
        settle().await;
        rig.advance_millis(10);
    }
    let (mut served, mut failed) = (0, 0);
    for _ in 0..30_000 {
        match at_once(&service) {
            std::task::Poll::Ready(Ok(_)) => served += 1,
            std::task::Poll::Ready(Err(_)) => failed += 1,
            std::task::Poll::Pending => {}
        }
        tokio::task::yield_now().await;
        rig.advance_millis(10);
    }
    let failures = rig.endpoint.count() - 1;
    assert!((8..=12).contains(&failures), "{failures}");
    assert!(served > 20_000 && failed > 0, "{served} {failed}");
}

#[tokio::test]
async fn b24_an_outage_longer_than_the_token_ends_within_one_backoff() {
    let rig = down_before_the_early_window().await;
    let service = rig.over(FakeApi::accepting());
    for _ in 0..7200 {
        let _ = service.clone().oneshot(get("/me")).await;
        tokio::task::yield_now().await;
        rig.advance(1);
    }
    let asked = rig.endpoint.count();
    let error = service.clone().oneshot(get("/me")).await.unwrap_err();
    assert_eq!(kind(&error), Some(ErrorKind::Transport));

    rig.endpoint.now(|_, _| Ok(token_answer("recovered", 3600)));
    let mut waited = 0;
    while service.clone().oneshot(get("/me")).await.is_err() {
        rig.advance(1);
        waited += 1;
        assert!(waited <= 60, "one backoff is 60 s at the most");
    }
    assert!(rig.endpoint.count() <= asked + 2);
}

#[tokio::test]
async fn b24_an_outage_of_an_hour_ends_when_the_endpoint_returns() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    rig.manager.token().await.unwrap();
    let service = rig.over(FakeApi::accepting());
    // The token is valid for half an hour more when the endpoint fails.
    rig.advance(1800);
    rig.endpoint.now(|_, _| down());
    let (mut served, mut failed, mut asked) = (0, 0, Vec::new());
    for tenth in 0..36_000 {
        match at_once(&service) {
            std::task::Poll::Ready(Ok(_)) => served += 1,
            std::task::Poll::Ready(Err(_)) => failed += 1,
            // Once per backoff, one caller waits for the answer, which is a failure.
            std::task::Poll::Pending => assert!(tenth >= 18_000, "a good token is sent at once"),
        }
        tokio::task::yield_now().await;
        if rig.endpoint.count() - 1 > asked.len() {
            asked.push(tenth);
        }
        rig.advance_millis(100);
    }
    assert_eq!(served, 18_000, "every request while the token was good");
    assert!(failed > 17_900, "{failed}");
    // The first request comes 240 s to 300 s before the token's end. Each pause is up to 15 % shorter than 1, 2, 4, ..
    // 60 s.
    assert!((15_000..=15_600).contains(&asked[0]), "{asked:?}");
    for (failures, pair) in asked.windows(2).enumerate() {
        let backoff = 10 * 60.min(1 << failures.min(16));
        assert!((backoff * 85 / 100..=backoff + 1).contains(&(pair[1] - pair[0])), "{failures}: {pair:?}");
    }

    rig.endpoint.now(|_, _| Ok(token_answer("recovered", 3600)));
    let mut tenths = 0;
    while service.clone().oneshot(get("/me")).await.is_err() {
        rig.advance_millis(100);
        tenths += 1;
        assert!(tenths <= 600, "one backoff is 60 s at the most");
    }
    assert_eq!(rig.endpoint.count(), asked.len() + 2);
}

#[tokio::test]
async fn b27_an_endpoint_that_asks_to_be_left_alone_is_while_the_token_serves() {
    let rig = down_before_the_early_window().await;
    rig.endpoint.now(|_, _| {
        let mut response = respond(429, "slow down");
        response.headers_mut().insert("retry-after", "30".parse().unwrap());
        Ok(response)
    });
    let service = rig.over(FakeApi::accepting());
    while rig.endpoint.count() == 1 {
        assert_eq!(status_at_once(&service), 200);
        settle().await;
        rig.advance_millis(10);
    }
    // The failure was 10 ms ago.
    for _ in 1..3000 {
        assert_eq!(status_at_once(&service), 200);
        tokio::task::yield_now().await;
        assert_eq!(rig.endpoint.count(), 2);
        rig.advance_millis(10);
    }
    // Up to 15 % later the endpoint is asked again.
    rig.advance_millis(4500);
    assert_eq!(status_at_once(&service), 200);
    settle().await;
    assert_eq!(rig.endpoint.count(), 3);
}

#[tokio::test]
async fn b27_an_endpoint_may_name_the_moment() {
    let rig = Rig::new(FakeTokenEndpoint::scripted(|_, _| {
        let mut response = respond(429, "slow down");
        // The clock of these tests starts at the beginning of the year.
        response.headers_mut().insert("retry-after", "Thu, 01 Jan 2026 00:00:30 GMT".parse().unwrap());
        Ok(response)
    }));
    let error = rig.manager.token().await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));
}

#[tokio::test]
async fn cc09_without_a_token_and_without_an_endpoint_calls_fail_at_once() {
    let rig = down_before_the_early_window().await;
    let api = FakeApi::accepting();
    let service = rig.over(api.clone());
    rig.advance(301);
    assert!(service.clone().oneshot(get("/me")).await.is_err());
    let asked = rig.endpoint.count();
    for _ in 0..100 {
        let std::task::Poll::Ready(Err(error)) = at_once(&service) else { panic!("it had to wait") };
        assert_eq!(kind(&error), Some(ErrorKind::Transport));
    }
    rig.clock.advance(Duration::from_millis(1));
    settle().await;
    assert_eq!(rig.endpoint.count(), asked);
    assert_eq!(api.count(), 0);
}
