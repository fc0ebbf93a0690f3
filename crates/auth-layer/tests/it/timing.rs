//! The times of renewal and expiry: the soft and the hard point, short lifetimes, jitter, and wrong clocks.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use auth_layer::{Clock, TestClock, TokenManager};
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use tower::{Service, ServiceExt};

use crate::support::{
    FakeApi, FakeTokenEndpoint, Rig, at_once, example, exchange, get, respond, settle, status_at_once,
    token_answer, until,
};

/// A rig whose exchanges may take a minute.
fn patient(endpoint: FakeTokenEndpoint) -> Rig {
    let (clock, profile) = (TestClock::new(), example());
    let exchange = exchange(&endpoint, &clock, &profile).timeout(Duration::from_secs(60)).build().unwrap();
    Rig::with_exchange(endpoint, clock, profile, exchange)
}

#[tokio::test]
async fn b11_an_early_renewal_starts_in_its_window_and_no_call_waits() {
    let rig = patient(FakeTokenEndpoint::issuing(3600));
    let api = FakeApi::accepting();
    let service = rig.over(api.clone());
    service.clone().oneshot(get("/me")).await.unwrap();
    rig.endpoint.hold();

    // The margin is 300 s, up to a fifth of it later. Then the exchange takes 10 s.
    let mut started = None;
    rig.advance(3299);
    for millis in 3_299_000..3_371_000 {
        assert_eq!(status_at_once(&service), 200);
        tokio::task::yield_now().await;
        if started.is_none() && rig.endpoint.count() == 2 {
            started = Some(millis);
        }
        if started.is_some_and(|started| millis == started + 10_000) {
            rig.endpoint.open();
            settle().await;
        }
        rig.advance_millis(1);
    }
    assert!((3_300_000..=3_360_000).contains(&started.unwrap()), "{started:?}");
    assert_eq!(rig.endpoint.count(), 2);
    assert_eq!(api.bearers().last().unwrap(), "token-2");
}

#[tokio::test]
async fn a_service_that_is_called_again_and_again_goes_over_to_the_new_token() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let api = FakeApi::accepting();
    // The same instances all the time. Each remembers the token that it sent last.
    let mut services = [rig.over(api.clone()), rig.over(api.clone())];
    for renewals in 0..4 {
        for service in &mut services {
            ServiceExt::<Request<Full<Bytes>>>::ready(service).await.unwrap().call(get("/me")).await.unwrap();
            settle().await;
        }
        // The first one is past the soft point and sends the token that it remembers. The second one finds the new
        // token.
        let sent = if renewals == 0 { [1, 1] } else { [renewals, renewals + 1] };
        assert_eq!(api.bearers()[renewals * 2..], sent.map(|n| format!("token-{n}")));
        rig.advance(3400);
    }
}

#[tokio::test]
async fn b12_a_token_of_twenty_seconds_is_renewed_in_time_and_not_too_often() {
    let clock = TestClock::new();
    let issued: Arc<Mutex<Vec<Duration>>> = Arc::default();
    let endpoint = FakeTokenEndpoint::scripted({
        let (clock, issued) = (clock.clone(), issued.clone());
        move |n, _| {
            issued.lock().unwrap().push(clock.now().monotonic());
            Ok(token_answer(&format!("{n}"), 20))
        }
    });
    let api = FakeApi::scripted({
        let (clock, issued) = (clock.clone(), issued.clone());
        move |_, seen| {
            let number: usize = seen.bearer().unwrap().parse().unwrap();
            let age = clock.now().monotonic() - issued.lock().unwrap()[number - 1];
            if age < Duration::from_secs(20) { respond(200, "") } else { respond(500, "an expired token") }
        }
    });
    let exchange = exchange(&endpoint, &clock, &example()).build().unwrap();
    let rig = Rig::with_exchange(endpoint, clock, example(), exchange);
    let service = rig.over(api);
    assert_eq!(service.clone().oneshot(get("/me")).await.unwrap().status(), 200);

    for _ in 0..600 {
        rig.advance_millis(100);
        assert_eq!(status_at_once(&service), 200);
        settle().await;
    }
    assert!((3..=4).contains(&rig.endpoint.count()), "{}", rig.endpoint.count());
    let issued = issued.lock().unwrap();
    assert!(issued.windows(2).all(|pair| pair[1] - pair[0] < Duration::from_secs(20)));
}

#[tokio::test]
async fn b14_a_source_with_nothing_newer_is_asked_at_most_once_per_floor() {
    for life in [600, 40, 25] {
        let clock = TestClock::new();
        let end = clock.now().monotonic() + Duration::from_secs(life);
        // Metadata servers do this: the same token, with the rest of its lifetime, until its very end.
        let endpoint = FakeTokenEndpoint::scripted({
            let clock = clock.clone();
            move |_, _| match end.saturating_sub(clock.now().monotonic()).as_secs() {
                0 => Ok(token_answer("newer", 600)),
                left => Ok(token_answer("same", left)),
            }
        });
        let exchange = exchange(&endpoint, &clock, &example()).build().unwrap();
        let rig = Rig::with_exchange(endpoint, clock, example(), exchange);
        let api = FakeApi::accepting();
        let service = rig.over(api.clone());
        service.clone().oneshot(get("/me")).await.unwrap();

        let mut asked = vec![0];
        // The rest is sent in whole seconds, so up to a second may be cut off.
        let tenths = life * 10 - 10;
        for tenth in 1..tenths {
            rig.advance_millis(100);
            assert_eq!(status_at_once(&service), 200);
            settle().await;
            if rig.endpoint.count() > asked.len() {
                asked.push(tenth);
            }
            assert_eq!(rig.endpoint.count(), asked.len());
        }
        assert!(asked.len() > 1, "it is asked early: {asked:?}");
        assert!(asked.windows(2).all(|pair| pair[1] - pair[0] >= 100), "{asked:?}");
        assert!(api.bearers().iter().all(|bearer| bearer == "same"));

        rig.advance(1);
        assert_eq!(service.clone().oneshot(get("/me")).await.unwrap().status(), 200);
        assert_eq!(api.bearers().last().unwrap(), "newer");
    }
}

#[tokio::test]
async fn b15_cc08_a_fleet_with_equal_tokens_spreads_its_renewals() {
    const FLEET: u64 = 1000;
    let (clock, endpoint) = (TestClock::new(), FakeTokenEndpoint::issuing(3600));
    let mut fleet = Vec::new();
    for seed in 0..FLEET {
        let exchange = exchange(&endpoint, &clock, &example()).build().unwrap();
        let clock = Arc::new(clock.clone());
        let manager = TokenManager::builder(exchange).clock(clock).jitter_seed(seed).build();
        manager.token().await.unwrap();
        fleet.push(manager);
    }

    // The band is 3300 s to 3360 s. Its slots have 0.6 s each.
    clock.advance(Duration::from_secs(3300));
    let mut slots = Vec::new();
    let mut before = endpoint.count();
    for _ in 0..100 {
        clock.advance(Duration::from_millis(600));
        for manager in &fleet {
            manager.token().await.unwrap();
        }
        settle().await;
        let count = endpoint.count();
        slots.push(count - before);
        before = count;
    }
    assert_eq!(slots.iter().sum::<usize>(), 1000);
    assert!(slots.iter().all(|slot| *slot < 30), "{slots:?}");
}

#[tokio::test]
async fn b16_cc15_a_suspended_machine_wakes_up_to_one_exchange() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let api = FakeApi::accepting();
    let service = rig.over(api.clone());
    service.clone().oneshot(get("/me")).await.unwrap();
    rig.clock.suspend(Duration::from_secs(7200));

    assert_eq!(service.clone().oneshot(get("/me")).await.unwrap().status(), 200);
    assert_eq!(api.bearers(), ["token-1", "token-2"]);
    assert_eq!(rig.endpoint.count(), 2);
}

#[tokio::test]
async fn b17_a_wall_clock_set_back_lengthens_no_life() {
    let rig = patient(FakeTokenEndpoint::issuing(3600));
    let service = rig.over(FakeApi::accepting());
    service.clone().oneshot(get("/me")).await.unwrap();
    rig.clock.set_back(Duration::from_secs(7200));
    rig.endpoint.hold();

    rig.advance_millis(3_599_999);
    assert_eq!(status_at_once(&service), 200);
    rig.advance_millis(1);
    assert!(at_once(&service).is_pending());
}

#[tokio::test]
async fn cc14_a_wall_clock_set_forward_costs_one_exchange() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let service = rig.over(FakeApi::accepting());
    service.clone().oneshot(get("/me")).await.unwrap();
    rig.clock.suspend(Duration::from_secs(7200));
    service.clone().oneshot(get("/me")).await.unwrap();

    for _ in 0..3300 {
        assert_eq!(status_at_once(&service), 200);
        settle().await;
        rig.advance(1);
    }
    assert_eq!(rig.endpoint.count(), 2);
    rig.advance(60);
    assert_eq!(status_at_once(&service), 200);
    settle().await;
    assert_eq!(rig.endpoint.count(), 3);
}

#[tokio::test]
async fn b19_a_life_counts_from_when_the_request_was_sent() {
    let rig = patient(FakeTokenEndpoint::issuing(60));
    let api = FakeApi::accepting();
    let service = rig.over(api.clone());
    rig.endpoint.hold();
    let first = tokio::spawn(service.clone().oneshot(get("/me")));
    until(|| rig.endpoint.count() == 1).await;
    rig.advance(30);
    rig.endpoint.release(1);
    first.await.unwrap().unwrap();

    rig.advance_millis(29_999);
    assert_eq!(status_at_once(&service), 200);
    rig.advance_millis(1);
    assert!(at_once(&service).is_pending());
    assert_eq!(api.bearers(), ["token-1"; 2]);
}

#[tokio::test]
async fn b19_a_dead_new_token_does_not_replace_one_that_is_still_valid() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let service = rig.over(FakeApi::accepting());
    service.clone().oneshot(get("/me")).await.unwrap();
    rig.endpoint.now(|_, _| Ok(token_answer("dead", 0)));
    rig.advance(3400);
    assert_eq!(status_at_once(&service), 200);
    settle().await;
    assert_eq!(rig.endpoint.count(), 2);
    assert_eq!(status_at_once(&service), 200);
}

#[tokio::test]
async fn cc05_a_life_shorter_than_the_margin_is_used_more_than_once() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3));
    let service = rig.over(FakeApi::accepting());
    service.clone().oneshot(get("/me")).await.unwrap();
    for _ in 0..24 {
        assert_eq!(status_at_once(&service), 200);
        settle().await;
        assert_eq!(rig.endpoint.count(), 1);
        rig.advance_millis(100);
    }
    rig.advance_millis(200);
    assert_eq!(status_at_once(&service), 200);
    settle().await;
    assert_eq!(rig.endpoint.count(), 2);
}

#[tokio::test]
async fn cc06_callers_wait_for_a_renewal_only_past_the_hard_point() {
    let rig = patient(FakeTokenEndpoint::issuing(100));
    let api = FakeApi::accepting();
    let service = rig.over(api.clone());
    service.clone().oneshot(get("/me")).await.unwrap();
    rig.endpoint.hold();

    rig.advance_millis(99_999);
    for _ in 0..100 {
        assert_eq!(status_at_once(&service), 200);
        settle().await;
        assert_eq!(rig.endpoint.count(), 2);
    }
    rig.advance_millis(1);
    let late = tokio::spawn(service.clone().oneshot(get("/me")));
    settle().await;
    assert!(!late.is_finished());
    assert_eq!(api.count(), 101);

    rig.endpoint.release(1);
    assert_eq!(late.await.unwrap().unwrap().status(), 200);
    assert_eq!(api.bearers().last().unwrap(), "token-2");
    assert_eq!(rig.endpoint.count(), 2);
}
