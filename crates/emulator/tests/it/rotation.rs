//! GoTo's refresh tokens that are sent again, and answers that are lost.

use std::time::Duration;

use emulator::{Endpoint, Fault, Provider, RefreshTokenMode, Site};
use serde_json::{Value, json};

use crate::support::{client, plain_call, send, start, start_with_clock, token_request};

const GRACE: Duration = Duration::from_secs(30);

async fn refresh(site: &Site, value: &str) -> (u16, Value) {
    let credentials = site.credentials();
    let post = client().post(site.token_url());
    let fields = [("grant_type", "refresh_token"), ("refresh_token", value)];
    send(post.basic_auth(credentials.id(), Some(credentials.secret())).form(&fields)).await
}

async fn rotated(site: &Site, value: &str) -> (String, String) {
    let (status, body) = refresh(site, value).await;
    assert_eq!(status, 200, "{body}");
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    (text("access_token"), text("refresh_token"))
}

async fn opens(site: &Site, token: &str) -> bool {
    send(plain_call(site).bearer_auth(token)).await.0 == 200
}

#[tokio::test]
async fn a_replay_is_counted_and_harmless_where_rotation_is_not_strict() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    site.set_refresh_token_mode(RefreshTokenMode::Rotate);
    let first = site.refresh_token().unwrap();
    let (access, second) = rotated(site, &first).await;
    assert_eq!(refresh(site, &first).await.1["error"], "invalid_grant");
    assert_eq!(refresh(site, "unknown").await.1["error"], "invalid_grant");
    assert!(opens(site, &access).await);
    assert_eq!(refresh(site, &second).await.0, 200);
    assert_eq!((site.counters().replays, site.counters().families_killed), (1, 0));
}

#[tokio::test]
async fn a_replay_ends_the_whole_family_where_rotation_is_strict() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    site.set_refresh_token_mode(RefreshTokenMode::RotateStrict);
    let first = site.refresh_token().unwrap();
    let (_, second) = rotated(site, &first).await;
    let (access, third) = rotated(site, &second).await;
    let (status, body) = refresh(site, &first).await;
    assert_eq!((status, &body["error"]), (400, &json!("invalid_grant")));
    assert_eq!(site.refresh_token(), None);
    assert!(!opens(site, &access).await);
    assert_eq!(refresh(site, &third).await.1["error"], "invalid_grant");
    assert_eq!(refresh(site, &second).await.1["error"], "invalid_grant");
    assert_eq!((site.counters().replays, site.counters().families_killed), (2, 1));
    let next = site.sign_in().unwrap();
    let (access, _) = rotated(site, &next).await;
    assert_eq!(refresh(site, &first).await.0, 400);
    assert!(opens(site, &access).await);
    assert_eq!(site.counters().families_killed, 1);
}

#[tokio::test]
async fn within_grace_the_same_successor_comes_again() {
    let (emulator, clock) = start_with_clock().await;
    let site = emulator.site(Provider::GoTo);
    site.set_refresh_token_mode(RefreshTokenMode::RotateWithGrace(GRACE));
    let first = site.refresh_token().unwrap();
    let (access, second) = rotated(site, &first).await;
    clock.advance(GRACE - Duration::from_millis(1));
    let (other_access, again) = rotated(site, &first).await;
    assert_eq!(second, again);
    assert_ne!(access, other_access);
    assert!(opens(site, &access).await && opens(site, &other_access).await);
    let counters = site.counters();
    assert_eq!((counters.refreshes, counters.rotations), (2, 1));
    assert_eq!((counters.replays, counters.families_killed), (1, 0));
    clock.advance(Duration::from_millis(1));
    assert_eq!(refresh(site, &first).await.1["error"], "invalid_grant");
    assert_eq!(site.refresh_token(), None);
    assert!(!opens(site, &access).await);
    assert_eq!((site.counters().replays, site.counters().families_killed), (2, 1));
}

#[tokio::test]
async fn grace_ends_when_the_successor_is_used() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    site.set_refresh_token_mode(RefreshTokenMode::RotateWithGrace(GRACE));
    let first = site.refresh_token().unwrap();
    let (_, second) = rotated(site, &first).await;
    rotated(site, &second).await;
    assert_eq!(refresh(site, &first).await.0, 400);
    assert_eq!(site.counters().families_killed, 1);
}

#[tokio::test]
async fn an_answer_that_is_lost_has_used_the_token_up_and_the_log_says_so() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    site.set_refresh_token_mode(RefreshTokenMode::RotateStrict);
    let first = site.refresh_token().unwrap();
    site.inject(Endpoint::Token, Fault::LoseAnswer);
    assert!(token_request(site).send().await.is_err());
    assert_ne!(site.refresh_token(), Some(first.clone()));
    site.inject(Endpoint::Token, Fault::CutOff { after_bytes: 5 });
    let cut = token_request(site).send().await.unwrap();
    assert!(cut.bytes().await.is_err());
    assert_eq!(send(token_request(site)).await.0, 200);
    site.inject(Endpoint::Token, Fault::DropConnection);
    assert!(token_request(site).send().await.is_err());
    let log = site.requests();
    let told: Vec<_> = log.iter().map(|entry| (entry.token, entry.status, entry.handed_over)).collect();
    let expected = [
        (Some(1), None, false),
        (Some(2), Some(200), false),
        (Some(3), Some(200), true),
        (None, None, false),
    ];
    assert_eq!(told, expected);
    assert_eq!(refresh(site, &first).await.0, 400);
    assert_eq!(site.counters().families_killed, 1);
}

#[tokio::test]
async fn an_answer_without_a_body_or_in_pieces_is_handed_over_too() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    site.inject(Endpoint::Token, Fault::Malformed(emulator::Malformed::Huge(1 << 20)));
    token_request(site).send().await.unwrap().bytes().await.unwrap();
    site.inject(Endpoint::Token, Fault::Malformed(emulator::Malformed::Empty));
    token_request(site).send().await.unwrap().bytes().await.unwrap();
    assert!(site.requests().iter().all(|entry| entry.handed_over));
}
