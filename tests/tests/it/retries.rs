//! Failing APIs, and clients with their default settings: which requests are sent again, when, and how often.

use std::sync::Arc;
use std::time::Duration;

use auth_layer::TestClock;
use client_core::ApiError;
use emulator::{Endpoint, Fault};
use journeys::{Failure, Fixture, GbgGo, Memory, Octotable, PROPERTY, Shape, Stage, until};
use octotable_client::types::{ReservationUpdate, RoomDraft};
use serde_json::json;

/// Runs every test of this file for one fixture, whose call may be sent twice.
macro_rules! suite {
    ($module:ident, $fixture:ty, $($name:ident),* $(,)?) => {
        mod $module {
            $(#[tokio::test] async fn $name() { journeys::in_time(super::$name::<$fixture>()).await; })*
        }
    };
    ($module:ident, $fixture:ty) => {
        suite!($module, $fixture,
            b45_a_transient_failure_reaches_no_caller,
            b46_what_the_api_asks_for_is_waited_for,
            b47_a_day_is_not_waited_for,
            cc09_a_busy_token_endpoint_is_waited_for_together,
            rt08_trouble_and_a_rejection_are_both_answered,
            a_call_that_hangs_is_given_up_and_made_again,
        );
    };
}

suite!(gotab, journeys::Gotab);
suite!(goto_admin, journeys::GotoAdmin);
suite!(goto_webinar, journeys::GotoWebinar);
suite!(octotable, journeys::Octotable);

/// Makes a call while the stage's clock moves. Returns how long the call took by that clock.
async fn timed<F: Fixture>(stage: &Stage, client: &F::Client) -> (Result<(), Failure>, Duration) {
    let start = stage.clock().now();
    let client = client.clone();
    let call = tokio::spawn(async move { F::call(&client).await });
    until("the end of the call", || {
        let done = call.is_finished();
        if !done {
            stage.advance(STEP);
        }
        done
    })
    .await;
    let took = stage.clock().now().monotonic() - start.monotonic();
    (call.await.expect("the call ends"), took)
}

async fn b45_a_transient_failure_reaches_no_caller<F: Fixture>() {
    let stage = Stage::start().await;
    let site = stage.site::<F>();
    let client = stage.builder::<F>().build().unwrap();
    site.inject(Endpoint::Api, Fault::Unavailable.times(3));
    timed::<F>(&stage, &client).await.0.unwrap();
    assert_eq!((site.counters().api_calls, site.counters().token_requests), (4, 1));

    // Four requests and no more.
    site.inject(Endpoint::Api, Fault::Unavailable.forever());
    let failure = timed::<F>(&stage, &client).await.0.unwrap_err();
    assert_eq!((failure.api_status(), site.counters().api_calls), (Some(503), 8));
}

async fn cc09_a_busy_token_endpoint_is_waited_for_together<F: Fixture>() {
    let stage = Stage::start().await;
    let site = stage.site::<F>();
    let client = stage.builder::<F>().build().unwrap();
    site.inject(Endpoint::Token, Fault::Unavailable.times(2));
    let others: Vec<_> = (0..20)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { F::call(&client).await })
        })
        .collect();
    timed::<F>(&stage, &client).await.0.unwrap();
    for call in others {
        call.await.unwrap().unwrap();
    }
    assert_eq!(site.counters().token_requests, 3);

    // Without patience a call fails after one token request.
    let hasty = |stack: auth_layer::StackLayer| stack.with_patience(Duration::ZERO);
    let client = stage.builder::<F>().stack(hasty).build().unwrap();
    site.inject(Endpoint::Token, Fault::Unavailable.times(1));
    F::call(&client).await.unwrap_err();
    assert_eq!(site.counters().token_requests, 4);
}

async fn b46_what_the_api_asks_for_is_waited_for<F: Fixture>() {
    let stage = Stage::start().await;
    let site = stage.site::<F>();
    let client = stage.builder::<F>().build().unwrap();
    site.inject(Endpoint::Api, Fault::RateLimited { retry_after: Some(SECOND * 7) });
    let (outcome, took) = timed::<F>(&stage, &client).await;
    outcome.unwrap();
    assert!(took >= SECOND * 7, "{took:?}");
    assert_eq!(site.counters().api_calls, 2);
}

async fn b47_a_day_is_not_waited_for<F: Fixture>() {
    let stage = Stage::start().await;
    let site = stage.site::<F>();
    let client = stage.builder::<F>().build().unwrap();
    site.inject(Endpoint::Api, Fault::RateLimited { retry_after: Some(SECOND * 86_400) });
    let failure = F::call(&client).await.unwrap_err();
    assert_eq!((failure.api_status(), site.counters().api_calls), (Some(429), 1));
}

async fn rt08_trouble_and_a_rejection_are_both_answered<F: Fixture>() {
    let stage = Stage::start().await;
    let site = stage.site::<F>();
    let client = stage.builder::<F>().build().unwrap();
    F::call(&client).await.unwrap();
    site.revoke_tokens();
    site.inject(Endpoint::Api, Fault::Unavailable);
    timed::<F>(&stage, &client).await.0.unwrap();
    // The first call, the failure, the rejection and the success.
    assert_eq!((site.counters().api_calls, site.counters().token_requests), (4, 2));
}

async fn a_call_that_hangs_is_given_up_and_made_again<F: Fixture>() {
    let stage = Stage::start().await;
    let site = stage.site::<F>();
    let client = stage.builder::<F>().build().unwrap();
    site.inject(Endpoint::Api, Fault::Hang);
    let (outcome, took) = timed::<F>(&stage, &client).await;
    outcome.unwrap();
    assert!(took >= SECOND * 30, "{took:?}");
    assert_eq!(site.counters().api_calls, 2);
}

#[tokio::test]
async fn b44_a_journey_is_not_started_twice_for_a_503() {
    let stage = Stage::start().await;
    let site = stage.site::<GbgGo>();
    let client = stage.builder::<GbgGo>().build().unwrap();
    site.inject(Endpoint::Api, Fault::Unavailable);
    let failure = GbgGo::call(&client).await.unwrap_err();
    assert_eq!((failure.shape, failure.api_status()), (Shape::ErrorResponse, Some(503)));
    assert!(failure.is_transient);
    assert_eq!((site.counters().api_calls, site.counters().token_requests), (1, 1));
}

#[tokio::test]
async fn b44_a_journey_is_not_started_twice_for_want_of_an_answer() {
    let stage = Stage::start().await;
    let site = stage.site::<GbgGo>();
    let client = stage.builder::<GbgGo>().build().unwrap();
    site.inject(Endpoint::Api, Fault::Hang);
    let (outcome, took) = timed::<GbgGo>(&stage, &client).await;
    let failure = outcome.unwrap_err();
    assert_eq!(failure.shape, Shape::Transport);
    assert!(
        failure.text.contains("no response within the timeout of 60s") && took >= SECOND * 60,
        "{took:?}: {failure:?}"
    );
    assert_eq!(site.counters().api_calls, 1);
}

/// An inline start, which the platform holds for 55 seconds at most.
#[tokio::test]
async fn a_journey_that_is_started_inline_has_a_minute() {
    for (seconds, is_started) in [(55, true), (61, false)] {
        let clock = TestClock::new();
        let memory = Memory::new::<GbgGo>();
        let client = memory.builder::<GbgGo>().clock(Arc::new(clock.clone())).build().unwrap();
        let held = memory.hold_api();
        let call = tokio::spawn(async move { GbgGo::call(&client).await });
        until("the call at the API", || memory.api_calls() == 1).await;
        for _ in 0..seconds {
            clock.advance(SECOND);
            tokio::task::yield_now().await;
        }
        drop(held);
        match call.await.unwrap() {
            Ok(()) => assert!(is_started, "after {seconds} s"),
            Err(failure) => {
                assert!(
                    !is_started && failure.text.contains("no response within the timeout of 60s"),
                    "{failure:?}"
                );
            }
        }
        assert_eq!(memory.api_calls(), 1, "no second journey");
    }
}

/// Octotable answers a wrong update with 500, and it is not known whether it has changed anything before.
#[tokio::test]
async fn a_write_at_octotable_is_sent_once() {
    let stage = Stage::start().await;
    let site = stage.site::<Octotable>();
    let client = stage.builder::<Octotable>().build().unwrap();
    let reservation: ReservationUpdate = serde_json::from_value(json!({
        "start_date": "2026-12-05", "start_hour": "19:30:00", "pax": 4, "channel": "OCTOTABLE_ADMIN",
        "customer": {"id": 1, "first_name": "Dana", "last_name": "Reed"}, "service_id": 4402, "room_id": 3301,
    }))
    .unwrap();
    let room: RoomDraft = serde_json::from_value(json!({"name": "Vault"})).unwrap();
    let update = client.update_reservation().property(PROPERTY).reservation_id(1).body(reservation);
    let rename = client.update_room().property(PROPERTY).room_id(1).body(room);
    let body = r#"{"success":false,"error":{"code":"INTERNAL","message":"No."}}"#;
    for code in [500, 502, 503, 504] {
        let fault = Fault::Status { code, body: body.to_owned(), headers: Vec::new() };
        site.inject(Endpoint::Api, fault.times(4));
        let failures: [ApiError; 4] = [
            update.clone().send().await.unwrap_err().into(),
            client.delete_reservation().property(PROPERTY).reservation_id(1).send().await.unwrap_err().into(),
            rename.clone().send().await.unwrap_err().into(),
            client.delete_room().property(PROPERTY).room_id(1).send().await.unwrap_err().into(),
        ];
        for failure in failures {
            assert_eq!(failure.status().map(|status| status.as_u16()), Some(code));
            assert!(failure.to_string().ends_with(": INTERNAL: No."), "{failure}");
        }
        site.clear_faults();
    }
    assert_eq!(site.counters().api_calls, 16);
}

const SECOND: Duration = Duration::from_secs(1);

/// The stage's clock moves by this much in each real millisecond.
const STEP: Duration = Duration::from_millis(100);
