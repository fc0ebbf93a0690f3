//! Refresh tokens after crashes and lost answers, and how other processes with the same store deal with them.

use std::sync::atomic::Ordering;
use std::time::Duration;

use auth_layer::profile::AnswerNames;
use auth_layer::store::{Entry, Label, State};
use auth_layer::{AccessToken, Clock, ErrorKind, RefreshToken, ReplayRule, Scope};

use crate::house::{House, strict, token, token_in_time};
use crate::refresh::{invalid_grant, refreshed, sent};
use crate::support::{FakeTokenEndpoint, json_response, respond, settle, until};

#[tokio::test]
async fn b79_a_mark_left_by_a_crash_is_a_sign_in_that_is_needed_and_no_loop() {
    let house = House::new(strict(), ReplayRule::KillsFamily);
    house.leave_mark().await;
    let manager = house.start();
    for _ in 0..20 {
        let error = token_in_time(&house, &manager).await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (ErrorKind::SignInAgain, false));
        assert_eq!(error.remedy(), Some("run the sign-in"));
        assert!(error.to_string().ends_with("a person has to sign in again: run the sign-in"), "{error}");
        house.advance(60);
    }
    assert_eq!(house.endpoint.count(), 0, "the token may be used up, so it is not sent");
}

#[tokio::test]
async fn b79_within_a_grace_period_a_crash_needs_no_sign_in() {
    let house = House::new(strict(), ReplayRule::Grace(Duration::from_secs(30)));
    house.leave_mark().await;
    // Two processes crash one after the other. Each left the mark of the first request.
    let first = house.entry().await.redeemed;
    house.endpoint.hold();
    for crashes in 1..=2 {
        let manager = house.start();
        let call = tokio::spawn({
            let manager = manager.clone();
            async move { token(&manager).await }
        });
        while house.endpoint.count() < crashes {
            settle().await;
            house.advance(1);
        }
        call.abort();
        assert_eq!(house.entry().await.redeemed, first, "a grace period counts from the first sending");
        // The process is killed: its task is never polled again, so its mark stays.
        std::mem::forget(manager);
        house.advance(7);
    }
    house.endpoint.open();
    let manager = house.start();
    assert!(token_in_time(&house, &manager).await.is_ok());
    assert_eq!(house.entry().await.state, State::Idle);
}

#[tokio::test]
async fn b79_after_the_grace_period_a_token_that_was_left_behind_is_not_sent() {
    let house = House::new(strict(), ReplayRule::Grace(Duration::from_secs(30)));
    house.leave_mark().await;
    house.advance(30);
    assert_eq!(token(&house.start()).await.unwrap_err().kind(), ErrorKind::SignInAgain);
    assert_eq!(house.endpoint.count(), 0);
}

#[tokio::test]
async fn rf06_a_mark_in_a_grace_period_is_given_up_in_time_for_another_try() {
    // The call may take 10 s, but the period is 8 s: the mark counts for 4 s, and the call for 2 s.
    let house = House::new(strict(), ReplayRule::Grace(Duration::from_secs(8)));
    house.endpoint.hold();
    let manager = house.start();
    let call = tokio::spawn(async move { token(&manager).await });
    until(|| house.endpoint.count() == 1).await;
    let State::Redeeming { lease, .. } = house.entry().await.state else { panic!("no mark") };
    assert_eq!(lease, Duration::from_secs(4));
    house.advance(2);
    until(|| call.is_finished()).await;
    assert_eq!(call.await.unwrap().unwrap_err().kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn rf06_a_replay_that_was_refused_leaves_the_mark_to_its_grace_period() {
    let endpoint = FakeTokenEndpoint::scripted(|_, _| Ok(respond(503, "")));
    let house = House::new(endpoint, ReplayRule::Grace(Duration::from_secs(30)));
    house.leave_mark().await;
    house.advance(10);
    let manager = house.start();
    assert_eq!(token(&manager).await.unwrap_err().kind(), ErrorKind::Refused);
    assert_eq!(house.endpoint.count(), 1);
    house.advance(5);
    assert_eq!(token(&manager).await.unwrap_err().kind(), ErrorKind::Refused);
    assert_eq!(house.endpoint.count(), 2, "a refusal has used nothing up");
    house.advance(20);
    assert_eq!(token(&manager).await.unwrap_err().kind(), ErrorKind::SignInAgain);
    assert_eq!(house.endpoint.count(), 2, "the period is over");
}

#[tokio::test]
async fn rf04_a_mark_that_took_most_of_its_lease_to_write_sends_nothing() {
    let house = House::new(strict(), ReplayRule::KillsFamily);
    house.write(Entry::new(RefreshToken::new("r0"))).await;
    *house.store.writing.lock().unwrap() = Duration::from_secs(10);
    let manager = house.start();
    let error = token(&manager).await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Store, true));
    assert_eq!((house.endpoint.count(), house.entry().await.state), (0, State::Idle));
    *house.store.writing.lock().unwrap() = Duration::from_secs(9);
    house.advance(60);
    assert_eq!(token(&manager).await.unwrap(), "a1");
}

#[tokio::test]
async fn a_record_says_whose_it_is_and_since_when() {
    let endpoint = FakeTokenEndpoint::scripted(|n, _| match n {
        1 => Ok(json_response(
            200,
            r#"{"access_token":"a1","token_type":"Bearer","expires_in":3600,"refresh_token":"r1","scope":"x y","who":"m@example.com"}"#,
        )),
        n => Ok(refreshed(n, Some("r1"))),
    });
    let mut house = House::new(endpoint, ReplayRule::Reusable);
    house.profile = house.profile.with_names(AnswerNames::new().with_account(["who"]));
    let manager = house.start();
    let start = house.clock.now().wall();
    token(&manager).await.unwrap();
    house.advance(3_601);
    token(&manager).await.unwrap();
    let entry = house.entry().await;
    assert_eq!(entry.label, Some(Label::new("example", "client", "")));
    assert_eq!(entry.account.as_deref(), Some("m@example.com"));
    assert_eq!(entry.scope, Some("x y".parse::<Scope>().unwrap()), "not told again: as it was");
    assert_eq!(entry.obtained, Some(start), "the same refresh token came again");
    assert_eq!(entry.redeemed, Some(start + Duration::from_secs(3_601)));
    // The process that takes the token over also knows the scope.
    let other = house.start();
    assert_eq!(other.token().await.unwrap().scope(), entry.scope.as_ref());
    assert_eq!(house.endpoint.count(), 2);
}

#[tokio::test]
async fn rf06_an_unsure_mark_does_not_count_as_a_sent_token() {
    for rule in [ReplayRule::KillsFamily, ReplayRule::Grace(Duration::from_secs(30))] {
        let house = House::new(strict(), rule);
        house.write(Entry::new(RefreshToken::new("r0"))).await;
        let manager = house.start();
        for unsure in [true, true, false] {
            house.store.unsure.store(unsure, Ordering::Relaxed);
            match token(&manager).await {
                Ok(token) => assert_eq!((token.as_str(), unsure), ("a1", false)),
                Err(error) => assert_eq!((error.kind(), unsure), (ErrorKind::Store, true)),
            }
            house.advance(100);
        }
        assert_eq!(sent(&house.endpoint), ["r0"]);
    }
}

#[tokio::test]
async fn rf06_a_gateway_that_gave_up_is_a_lost_answer_and_a_plain_no_is_none() {
    for (status, lost) in
        [(408, true), (500, true), (502, true), (504, true), (403, false), (429, false), (503, false)]
    {
        let endpoint = FakeTokenEndpoint::scripted(move |n, _| match n {
            1 => Ok(respond(status, "<html>")),
            n => Ok(refreshed(n, Some("r1"))),
        });
        let house = House::new(endpoint, ReplayRule::KillsFamily);
        let manager = house.start();
        assert_eq!(token(&manager).await.unwrap_err().kind(), ErrorKind::Refused);
        house.advance(61);
        let after = token(&manager).await;
        assert_eq!(after.is_err_and(|error| error.kind() == ErrorKind::SignInAgain), lost, "{status}");
    }
}

#[tokio::test]
async fn rf04_a_failed_call_removes_no_mark_of_another() {
    for answer in [None, Some(400)] {
        let endpoint = FakeTokenEndpoint::scripted(move |_, _| match answer {
            None => Err("connection reset".into()),
            Some(_) => Ok(invalid_grant()),
        });
        let house = House::new(endpoint, ReplayRule::Reusable);
        house.endpoint.hold();
        let manager = house.start();
        let call = tokio::spawn(async move { token(&manager).await });
        until(|| house.endpoint.count() == 1).await;
        // Meanwhile another process took the mark for abandoned, and has an access token for the same refresh token.
        let mut entry = house.entry().await;
        entry.state = State::Idle;
        entry.access_token = Some(AccessToken::new("of-the-other").unwrap());
        entry.hard = Some(house.clock.now().wall() + Duration::from_secs(3_600));
        house.write(entry.clone()).await;
        house.endpoint.open();
        until(|| call.is_finished()).await;
        assert!(call.await.unwrap().is_err());
        assert_eq!(house.entry().await, entry);
    }
}

#[tokio::test]
async fn rs10_a_token_of_another_process_must_have_the_required_scope() {
    let house = House::new(strict(), ReplayRule::Reusable);
    let mut entry = Entry::new(RefreshToken::new("r0"));
    entry.access_token = Some(AccessToken::new("narrow").unwrap());
    entry.hard = Some(house.clock.now().wall() + Duration::from_secs(3_600));
    entry.scope = Some("a".parse().unwrap());
    house.write(entry).await;
    let wants = |scope: &str| {
        let exchange = house.exchange().require_scope(scope.parse().unwrap());
        house.manage(exchange).build()
    };
    assert_eq!(token(&wants("a")).await.unwrap(), "narrow");
    assert_eq!(house.endpoint.count(), 0);
    // If the answer to a refresh has no scope, the scope is the one granted before.
    assert_eq!(token(&wants("a b")).await.unwrap_err().kind(), ErrorKind::Scope);
    assert_eq!(house.endpoint.count(), 1);
    assert_eq!(
        house.entry().await.refresh_token.expose(),
        "r1",
        "the new refresh token is kept all the same"
    );
}

#[tokio::test]
async fn durations_of_zero_and_without_end_do_no_harm() {
    for rule in [
        ReplayRule::KillsFamily,
        ReplayRule::Grace(Duration::MAX),
        ReplayRule::Grace(Duration::ZERO),
        ReplayRule::Reusable,
    ] {
        let house = House::new(strict(), rule);
        let exchange = house.exchange().timeout(Duration::MAX);
        assert_eq!(token(&house.manage(exchange).build()).await.unwrap(), "a1");
    }
    let house = House::new(strict(), ReplayRule::Grace(Duration::MAX));
    house.leave_mark().await;
    house.advance(10);
    let mut entry = house.entry().await;
    entry.redeemed = Some(Duration::MAX);
    house.write(entry).await;
    assert_eq!(token_in_time(&house, &house.start()).await.unwrap(), "a1");
    let manager = house.start();
    manager.keep_alive(Duration::ZERO).unwrap();
    for _ in 0..20 {
        settle().await;
        house.advance(1);
    }
    assert!(house.endpoint.count() <= 5, "{}", house.endpoint.count());
}
