//! The answer to a refresh, and a store that cannot write it.

use auth_layer::store::{Entry, State};
use auth_layer::{ErrorKind, RefreshToken, ReplayRule};
use tokio::runtime::Handle;

use crate::house::{House, strict, token, unsaved};
use crate::refresh::sent;
use crate::support::{logged, settle, until};

#[tokio::test]
async fn b78_a_caller_that_goes_away_loses_no_refresh_token() {
    let house = House::new(strict(), ReplayRule::KillsFamily);
    let manager = house.start();
    house.endpoint.hold();
    for round in 1..=100 {
        let call = tokio::spawn({
            let manager = manager.clone();
            async move { token(&manager).await }
        });
        until(|| house.endpoint.count() == round).await;
        // The server has received the old token, and the caller goes away.
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled());
        house.endpoint.release(1);
        while house.entry().await.state != State::Idle {
            tokio::task::yield_now().await;
        }
        assert_eq!(house.entry().await.refresh_token.expose(), format!("r{round}"));
        house.advance(3_601);
    }
}

#[tokio::test]
async fn b78_an_unsaved_answer_is_written_later_without_a_call() {
    let house = House::new(strict(), ReplayRule::KillsFamily);
    let _manager = unsaved(&house).await;
    for seconds in [1, 2, 4, 8, 16, 32, 60] {
        settle().await;
        house.advance(seconds);
    }
    settle().await;
    assert_eq!(house.entry().await.refresh_token.expose(), "r0", "the store is still down");
    house.store.set_down(false);
    house.advance(60);
    settle().await;
    let entry = house.entry().await;
    assert_eq!((entry.refresh_token.expose(), entry.state), ("r1", State::Idle));
    settle().await;
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0, "the task has ended");
}

#[test]
fn b78_a_failing_store_is_logged_once_and_the_loss_at_the_end() {
    let log = logged(|| async {
        let house = House::new(strict(), ReplayRule::KillsFamily);
        let manager = unsaved(&house).await;
        for _ in 0..5 {
            settle().await;
            house.advance(60);
        }
        drop(manager);
        settle().await;
        assert_eq!(Handle::current().metrics().num_alive_tasks(), 1, "it is not given up at once");
        house.advance(60);
        settle().await;
        assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
    });
    assert_eq!(log.matches("the token store failed").count(), 1, "{log}");
    assert_eq!(log.matches("could never be stored").count(), 1, "{log}");
    assert!(!log.contains("r1"), "{log}");
}

#[tokio::test]
async fn b78_an_answer_that_was_not_stored_wins_over_the_end_it_caused() {
    let house = House::new(strict(), ReplayRule::Unknown);
    let (one, other) = (house.start(), house.start());
    house.endpoint.hold();
    let call = tokio::spawn({
        let one = one.clone();
        async move { token(&one).await }
    });
    until(|| house.endpoint.count() == 1).await;
    house.store.set_down(true);
    house.endpoint.open();
    until(|| call.is_finished()).await;
    assert_eq!(call.await.unwrap().unwrap(), "a1");
    // The other process takes the mark for abandoned, sends the token again, and learns that it has ended.
    house.store.set_down(false);
    let mut entry = house.entry().await;
    assert!(matches!(entry.state, State::Redeeming { .. }));
    entry.state = State::Ended;
    house.write(entry).await;
    assert_eq!(token(&other).await.unwrap_err().kind(), ErrorKind::SignInAgain);
    // The first process has the newer token.
    house.advance(6);
    settle().await;
    assert_eq!(house.entry().await.refresh_token.expose(), "r1");
    assert_eq!(token(&other).await.unwrap(), "a1");
    assert_eq!(sent(&house.endpoint), ["r0"]);
}

#[tokio::test]
async fn b78_an_unsaved_answer_gives_way_to_a_new_sign_in() {
    let house = House::new(strict(), ReplayRule::KillsFamily);
    let _manager = unsaved(&house).await;
    house.write(Entry::new(RefreshToken::new("r-new"))).await;
    house.store.set_down(false);
    house.advance(1);
    settle().await;
    assert_eq!(house.entry().await.refresh_token.expose(), "r-new");
}

#[tokio::test]
async fn b78_an_unsaved_answer_outlasts_the_mark_of_another_process() {
    let house = House::new(strict(), ReplayRule::Unknown);
    let _manager = unsaved(&house).await;
    house.leave_mark().await;
    let mut entry = house.entry().await;
    entry.sign_in = Entry::new(RefreshToken::new("r0")).sign_in;
    house.store.set_down(false);
    for _ in 0..3 {
        house.advance(2);
        settle().await;
    }
    assert!(matches!(house.entry().await.state, State::Redeeming { .. }), "the other one is let finish");
    // It learns that the token has ended, because it was used up here.
    entry.state = State::Ended;
    house.write(entry).await;
    house.advance(60);
    settle().await;
    assert_eq!(house.entry().await.refresh_token.expose(), "r1");
}

#[tokio::test]
async fn b78_a_program_that_ends_can_see_to_it_that_all_is_written() {
    let house = House::new(strict(), ReplayRule::KillsFamily);
    let manager = unsaved(&house).await;
    assert_eq!(manager.flush().await.unwrap_err().kind(), ErrorKind::Store);
    house.store.set_down(false);
    manager.flush().await.unwrap();
    assert_eq!(house.entry().await.refresh_token.expose(), "r1");
    manager.flush().await.unwrap();
}
