//! Tokens that are rejected again and again: short-lived tokens, repeated revocations, an operation that rejects every
//! token.

use std::sync::{Arc, Mutex};

use auth_layer::authorize::Auth;
use auth_layer::{Clock, TestClock};
use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::Full;
use tower::ServiceExt;

use crate::rejection::allowed;
use crate::support::{
    FakeApi, FakeTokenEndpoint, Rig, challenged, example, get, invalid_token_at_403, respond, token_answer,
};

async fn send(service: &Auth<FakeApi>, path: &str) -> StatusCode {
    service.clone().oneshot(get(path)).await.unwrap().status()
}

#[tokio::test]
async fn b36_an_operation_that_rejects_every_token_fails_no_other() {
    nine_work(respond(401, "rejected")).await;
}

#[tokio::test]
async fn b36_an_operation_that_asks_for_basic_fails_no_other() {
    nine_work(challenged(401, r#"Basic realm="x""#)).await;
}

/// Makes 100 calls a second for ten minutes. Every tenth call is to an operation that answers every token with
/// `rejection`.
async fn nine_work(rejection: Response<Full<Bytes>>) {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let api = FakeApi::scripted(move |_, seen| match seen.uri.path() {
        "/broken" => rejection.clone(),
        _ => respond(200, "ok"),
    });
    let service = rig.over(api);
    let (mut asked, mut requests) = (Vec::new(), 0);
    for hundredth in 0..60_000_u32 {
        let (path, expected) = if hundredth % 10 == 5 { ("/broken", 401) } else { ("/me", 200) };
        assert_eq!(send(&service, path).await, expected, "after {hundredth} hundredths of a second");
        while requests < rig.endpoint.count() {
            requests += 1;
            asked.push(hundredth);
        }
        rig.advance_millis(10);
    }
    allowed(asked);
}

/// Returns an API whose tokens can be revoked.
fn revocable() -> (FakeApi, impl Fn(&str)) {
    let revoked: Arc<Mutex<Vec<String>>> = Arc::default();
    let api = FakeApi::scripted({
        let revoked = revoked.clone();
        move |_, seen| match seen.bearer() {
            Some(token) if revoked.lock().unwrap().contains(&token) => respond(401, "rejected"),
            _ if seen.uri.path() == "/broken" => respond(401, "rejected"),
            _ => respond(200, "ok"),
        }
    });
    (api, move |token| revoked.lock().unwrap().push(token.to_owned()))
}

#[tokio::test]
async fn ch16_four_revocations_in_a_minute_reach_no_caller() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let (api, revoke) = revocable();
    let service = rig.over(api);
    assert_eq!(send(&service, "/me").await, 200);
    for number in 1..=4 {
        revoke(&format!("token-{number}"));
        assert_eq!(send(&service, "/me").await, 200, "revocation {number}");
        rig.advance(1);
    }
    revoke("token-5");
    for second in 4..60 {
        assert_eq!(send(&service, "/me").await, 401, "after {second} s");
        assert_eq!(rig.endpoint.count(), 5, "four renewals in a minute");
        rig.advance(1);
    }
    assert_eq!(send(&service, "/me").await, 200);
    assert_eq!(rig.endpoint.count(), 6);
}

#[tokio::test]
async fn ch16_a_rejected_resend_makes_every_caller_wait_for_the_pause() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let (api, revoke) = revocable();
    let service = rig.over(api.clone());
    assert_eq!(send(&service, "/me").await, 200);
    assert_eq!(send(&service, "/broken").await, 401);
    assert_eq!(rig.endpoint.count(), 2);

    // The newest token was accepted by another operation, but the last resend was rejected.
    assert_eq!(send(&service, "/me").await, 200);
    revoke("token-2");
    rig.advance(29);
    assert_eq!(send(&service, "/me").await, 401);
    assert_eq!(rig.endpoint.count(), 2);

    // The pause has ended. The resend is accepted, so the next revocation is repaired at once.
    rig.advance(8);
    assert_eq!(send(&service, "/me").await, 200);
    revoke("token-3");
    assert_eq!(send(&service, "/me").await, 200);
    assert_eq!(rig.endpoint.count(), 4);
}

#[tokio::test]
async fn ch16_a_rejected_token_that_no_api_accepted_is_renewed_once() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let (api, revoke) = revocable();
    let service = rig.over(api);
    revoke("token-1");
    revoke("token-2");
    assert_eq!(send(&service, "/me").await, 401);
    rig.advance(20);
    assert_eq!(send(&service, "/me").await, 401);
    assert_eq!(rig.endpoint.count(), 2);
    rig.advance(17);
    assert_eq!(send(&service, "/me").await, 200);
}

#[tokio::test]
async fn ch16_an_error_of_the_api_accepts_the_token() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let api = FakeApi::scripted(|n, _| match n {
        1 | 3 | 5 => respond(401, "rejected"),
        4 => challenged(401, r#"Bearer error="insufficient_scope""#),
        _ => respond(500, "broken"),
    });
    let service = rig.over(api);
    for (call, status, requests) in [(1, 500, 2), (2, 401, 3), (3, 500, 4)] {
        assert_eq!(
            (send(&service, "/me").await.as_u16(), rig.endpoint.count()),
            (status, requests),
            "{call}"
        );
        rig.advance(1);
    }
}

/// Runs a server that rounds the expiry of its tokens down to whole seconds, and an API whose clock is `ahead`
/// milliseconds ahead. Two calls are made every 10 ms for 70 s. Returns the times at which a caller got a rejection.
async fn short_lives(lifetime: u64, ahead: i64) -> Vec<f64> {
    let rig = Rig::new(FakeTokenEndpoint::issuing(lifetime));
    let millis = |clock: &TestClock| i64::try_from(clock.now().wall().as_millis()).unwrap();
    let clock = rig.clock.clone();
    rig.endpoint.now(move |_, _| {
        let expiry = millis(&clock) / 1000 + i64::try_from(lifetime).unwrap();
        Ok(token_answer(&format!("until-{expiry}-{}", millis(&clock)), lifetime))
    });
    let clock = rig.clock.clone();
    let api = FakeApi::scripted(move |_, seen| {
        let token = seen.bearer().unwrap();
        let expiry: i64 = token.split('-').nth(1).unwrap().parse().unwrap();
        let now = millis(&clock) + ahead;
        if now < expiry * 1000 { respond(200, "ok") } else { respond(401, "rejected") }
    });
    let service = rig.over(api);
    let mut rejected = Vec::new();
    for hundredth in 0..7_000_u32 {
        for _ in 0..2 {
            if send(&service, "/me").await != 200 {
                rejected.push(f64::from(hundredth) / 100.0);
            }
        }
        rig.advance_millis(10);
        tokio::task::yield_now().await;
    }
    rejected
}

#[tokio::test]
async fn ch16_short_tokens_cut_to_whole_seconds_reach_no_caller() {
    for lifetime in [2, 3, 4] {
        let rejected = short_lives(lifetime, 0).await;
        assert!(rejected.is_empty(), "{lifetime} s: {rejected:?}");
    }
}

#[tokio::test]
async fn ch16_short_tokens_under_a_clock_that_is_ahead_reach_no_caller() {
    for (lifetime, ahead) in [(2, 500), (2, 1000), (3, 1000), (4, 1000), (3, -1000), (2, -1000)] {
        let rejected = short_lives(lifetime, ahead).await;
        let late: Vec<_> = rejected.iter().filter(|second| **second >= 2.0).collect();
        assert!(late.is_empty(), "{lifetime} s, {ahead} ms ahead: {late:?}");
    }
}

#[tokio::test]
async fn ch16_a_token_that_was_accepted_is_renewed_without_a_resend() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let first = rig.manager.token().await.unwrap();
    let second = rig.manager.reject(first.generation()).await.unwrap();
    assert!(rig.manager.reject(second.generation()).await.is_none(), "no API accepted it");
    rig.manager.accept(second.generation());
    let third = rig.manager.reject(second.generation()).await.unwrap();
    rig.manager.accept(second.generation());
    assert!(rig.manager.reject(third.generation()).await.is_none(), "an older one was accepted");
    assert_eq!(rig.endpoint.count(), 3);
}

#[tokio::test]
async fn ch16_each_response_other_than_a_rejection_accepts_the_token() {
    let answers = [
        respond(200, "ok"),
        respond(404, "not found"),
        challenged(401, r#"Bearer error="insufficient_scope""#),
        respond(403, r#"{"int_err_code":"SomethingElse"}"#),
    ];
    for answer in answers {
        let profile = example().with_rejection(invalid_token_at_403());
        let rig = Rig::with_profile(FakeTokenEndpoint::issuing(3600), profile);
        let first = rig.manager.token().await.unwrap();
        let second = rig.manager.reject(first.generation()).await.unwrap();
        let api = FakeApi::scripted({
            let answer = answer.clone();
            move |_, _| answer.clone()
        });
        rig.over(api).oneshot(get("/me")).await.unwrap();
        assert!(rig.manager.reject(second.generation()).await.is_some(), "{answer:?}");
    }
}
