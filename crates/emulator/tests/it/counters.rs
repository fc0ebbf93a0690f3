//! Counters, the log of requests, concurrency.

use std::time::Duration;

use emulator::{Endpoint, Fault, Provider, Site};
use tokio::task::JoinSet;

use crate::support::{empty_post, plain_call, send, start, token, token_request};

async fn until(site: &Site, condition: impl Fn(&Site) -> bool) {
    let wait = async {
        while !condition(site) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), wait).await.unwrap();
}

#[tokio::test]
async fn requests_are_counted_and_counters_can_be_reset() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    let token = token(site).await;
    send(empty_post(site.token_url())).await;
    send(plain_call(site).bearer_auth(&token)).await;
    send(plain_call(site).bearer_auth("wrong")).await;
    let counters = site.counters();
    assert_eq!(counters.token_requests, 2);
    assert_eq!((counters.tokens_issued, counters.refreshes), (1, 1));
    assert_eq!(counters.token_refused(), 1);
    assert_eq!((counters.api_calls, counters.api_served), (2, 1));
    assert_eq!(counters.api_rejected(), 1);
    assert_eq!(counters.operations["getMe"], 2);
    site.reset_counters();
    assert_eq!(site.counters(), emulator::Counters::default());
    assert!(site.requests().is_empty());
    assert_eq!(send(plain_call(site).bearer_auth(&token)).await.0, 200);
}

#[tokio::test]
async fn the_log_tells_which_token_was_carried_and_never_the_token() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTab);
    let tokens = [token(site).await, token(site).await];
    send(plain_call(site).bearer_auth(&tokens[1]).query(&[("secret", "query")])).await;
    send(plain_call(site).bearer_auth("wrong")).await;
    let log = site.requests();
    let [first, second, carried, unknown] = log.as_slice() else {
        panic!("four requests");
    };
    assert_eq!((first.endpoint, first.token, first.status), (Endpoint::Token, Some(1), Some(200)));
    assert_eq!((second.sequence, second.token), (2, Some(2)));
    assert_eq!((carried.endpoint, carried.token), (Endpoint::Api, Some(2)));
    assert_eq!(carried.operation_id.as_deref(), Some("listLocations"));
    assert_eq!((carried.method.as_str(), carried.path.as_str()), ("GET", "/api/loc"));
    assert_eq!((unknown.token, unknown.status), (None, Some(401)));
    let printed = format!("{log:?}");
    assert!(tokens.iter().all(|token| !printed.contains(token.as_str())));
    assert!(!printed.contains("query"));
}

#[tokio::test]
async fn a_hold_gathers_requests_and_the_most_at_once_is_remembered() {
    let emulator = start().await;
    let site = emulator.site(Provider::GbgGo);
    let hold = site.hold(Endpoint::Token);
    let second_hold = site.hold(Endpoint::Token);
    let mut callers = JoinSet::new();
    for _ in 0..5 {
        callers.spawn(send(token_request(site)));
    }
    until(site, |site| site.counters().token_requests == 5).await;
    assert_eq!(site.counters().tokens_issued, 0);
    drop(hold);
    // The gate must still be closed after many turns of the scheduler.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(site.counters().tokens_issued, 0);
    drop(second_hold);
    while let Some(answer) = callers.join_next().await {
        assert_eq!(answer.unwrap().0, 200);
    }
    send(token_request(site)).await;
    let counters = site.counters();
    assert_eq!(counters.max_concurrent_token_requests, 5);
    assert_eq!(counters.max_concurrent_api_calls, 0);
    assert_eq!(counters.tokens_issued, 6);
}

#[tokio::test]
async fn a_caller_that_goes_away_is_no_longer_counted() {
    let emulator = start().await;
    let site = emulator.site(Provider::GbgGo);
    site.inject(Endpoint::Api, Fault::Hang);
    let caller = tokio::spawn(plain_call(site).send());
    until(site, |site| site.counters().faults_played == 1).await;
    caller.abort();
    assert!(caller.await.is_err());
    let is_alone = async {
        loop {
            site.reset_counters();
            send(plain_call(site)).await;
            if site.counters().max_concurrent_api_calls == 1 {
                break;
            }
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(10), is_alone);
    assert!(waited.await.is_ok());
}
