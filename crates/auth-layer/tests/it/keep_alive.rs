//! Weeks without a call.

use std::time::Duration;

use auth_layer::{ErrorKind, ReplayRule, TokenManager};
use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use tokio::runtime::Handle;

use crate::house::{House, strict, token};
use crate::refresh::refreshed;
use crate::support::{FakeTokenEndpoint, Rig, respond, settle, token_answer, until};

#[tokio::test]
async fn b87_a_token_is_kept_alive_until_the_last_handle_is_dropped() {
    let day = Duration::from_secs(86_400);
    let house = House::new(strict(), ReplayRule::KillsFamily);
    let manager = house.start();
    manager.keep_alive(day).unwrap();
    until(|| house.endpoint.count() == 1).await;
    for days in 2..=40 {
        until(|| house.clock.sleepers() > 0).await;
        house.clock.advance(day);
        until(|| house.endpoint.count() == days).await;
    }
    // A new interval replaces the old one.
    settle().await;
    manager.keep_alive(day * 2).unwrap();
    settle().await;
    house.clock.advance(day);
    settle().await;
    assert_eq!(house.endpoint.count(), 40);
    let other = manager.clone();
    drop(manager);
    settle().await;
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 1);
    drop(other);
    settle().await;
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
}

#[tokio::test]
async fn keep_alive_tries_sooner_after_a_failure_and_waits_after_a_call() {
    let house = House::new(FakeTokenEndpoint::scripted(|_, _| Ok(respond(503, ""))), ReplayRule::Reusable);
    let manager = house.start();
    manager.keep_alive(Duration::from_secs(36_000)).unwrap();
    until(|| house.endpoint.count() == 1).await;
    until(|| house.clock.sleepers() > 0).await;
    house.advance(3_600);
    until(|| house.endpoint.count() == 2).await;
    house.endpoint.now(|n, _| Ok(refreshed(n, Some("r1"))));
    settle().await;
    house.advance(1_800);
    settle().await;
    token(&manager).await.unwrap();
    assert_eq!(house.endpoint.count(), 3);
    house.advance(1_800);
    settle().await;
    assert_eq!(house.endpoint.count(), 3, "a caller has renewed it");
}

/// Returns a manager that is kept alive, and an endpoint that answers by a script.
async fn kept_alive(every: Duration, script: fn(usize) -> Response<Full<Bytes>>) -> (Rig, TokenManager) {
    let rig = Rig::new(FakeTokenEndpoint::scripted(move |n, _| Ok(script(n))));
    let manager = rig.manager.clone();
    manager.keep_alive(every).unwrap();
    until(|| rig.endpoint.count() == 1).await;
    settle().await;
    (rig, manager)
}

/// Moves the clock by this many seconds, one at a time.
async fn seconds(rig: &Rig, seconds: u64) {
    for _ in 0..seconds {
        rig.advance(1);
        settle().await;
    }
}

#[tokio::test]
async fn no_gap_between_two_renewals_is_longer_than_the_interval() {
    let day = Duration::from_secs(86_400);
    let (rig, manager) = kept_alive(day, |n| token_answer(&format!("token-{n}"), 300_000)).await;
    // A caller renews a moment before the task would.
    rig.advance(86_399);
    settle().await;
    manager.forget();
    manager.token().await.unwrap();
    assert_eq!(rig.endpoint.count(), 2);
    rig.advance(86_399);
    settle().await;
    assert_eq!(rig.endpoint.count(), 2);
    rig.advance(1);
    settle().await;
    assert_eq!(rig.endpoint.count(), 3);
}

#[tokio::test]
async fn time_that_the_machine_is_suspended_counts_for_the_interval() {
    let day = Duration::from_secs(86_400);
    let (rig, _manager) = kept_alive(day, |n| token_answer(&format!("token-{n}"), 300_000)).await;
    rig.clock.suspend(day);
    rig.clock.advance(day / 10);
    settle().await;
    assert_eq!(rig.endpoint.count(), 2);
}

#[tokio::test]
async fn an_interval_below_ten_seconds_counts_as_ten() {
    let (rig, _manager) =
        kept_alive(Duration::from_millis(1), |n| token_answer(&format!("token-{n}"), 3600)).await;
    seconds(&rig, 9).await;
    assert_eq!(rig.endpoint.count(), 1);
    seconds(&rig, 1).await;
    assert_eq!(rig.endpoint.count(), 2);
}

#[tokio::test]
async fn keep_alive_does_not_wait_for_a_better_token() {
    // Every token has expired when it arrives.
    let (rig, manager) = kept_alive(Duration::from_secs(3_600), |_| token_answer("dead", 0)).await;
    seconds(&rig, 359).await;
    assert_eq!(rig.endpoint.count(), 1);
    // While a caller waits, the endpoint is asked once a second.
    let waiting = tokio::spawn(async move { manager.token().await });
    settle().await;
    seconds(&rig, 10).await;
    assert!((10..=13).contains(&rig.endpoint.count()), "{}", rig.endpoint.count());
    waiting.abort();
}

#[test]
fn keeping_alive_needs_a_runtime() {
    let house = House::new(strict(), ReplayRule::KillsFamily);
    let error = house.start().keep_alive(Duration::from_secs(60)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
}
