//! Weeks in which nobody calls.

use std::time::Duration;

use auth_layer::{ErrorKind, ReplayRule};
use tokio::runtime::Handle;

use crate::house::{House, strict, token};
use crate::refresh::refreshed;
use crate::support::{FakeTokenEndpoint, respond, settle, until};

#[tokio::test]
async fn b87_a_token_is_kept_alive_though_nobody_calls_until_the_last_handle_goes() {
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
    // A new interval takes the place of the old one.
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
async fn keeping_alive_tries_sooner_after_a_failure_and_rests_where_callers_renew() {
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

#[test]
fn keeping_alive_needs_a_runtime() {
    let house = House::new(strict(), ReplayRule::KillsFamily);
    let error = house.start().keep_alive(Duration::from_secs(60)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
}
