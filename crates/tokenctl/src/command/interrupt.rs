//! Ctrl-C: at once while a person is waited for; while a token is on its way, not before it is pressed again.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use tokio::signal::ctrl_c;

use super::underway::Underway;
use crate::failure::{Failure, Kind};
use crate::screen::Screen;

/// Runs what must not be cut short by accident: a refresh token or a code that was sent may be used up, and what comes
/// back for it has to be kept. It ends by its own deadline, or with the second Ctrl-C.
pub(super) async fn to_the_end<F: Future>(screen: &Screen, future: F) -> Result<F::Output, Failure> {
    let mut future = pin!(future);
    tokio::select! {
        biased;
        Ok(()) = ctrl_c() => screen.say(A_MOMENT),
        outcome = &mut future => return Ok(outcome),
    }
    tokio::select! {
        biased;
        Ok(()) = ctrl_c() => {
            Err(Failure::new(Kind::Interrupted, "interrupted; a token that was on its way may be lost"))
        }
        outcome = &mut future => Ok(outcome),
    }
}

/// Runs what leaves nothing behind, until Ctrl-C.
pub(super) async fn until_interrupted<T>(
    future: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        // Heard from the start on: before anything is said to the person.
        biased;
        Ok(()) = ctrl_c() => Err(interrupted()),
        outcome = future => outcome,
    }
}

/// Runs what leaves nothing behind between its requests, until Ctrl-C or until it is late. A request that is under way
/// then is waited for, since its answer may have used something up; a second Ctrl-C ends that as well.
pub(super) async fn between_requests<T>(
    screen: &Screen,
    underway: &Underway,
    late: impl Future<Output = Failure>,
    future: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let stop = async {
        let why = tokio::select! {
            biased;
            Ok(()) = ctrl_c() => interrupted(),
            late = late => late,
        };
        if underway.is_busy() {
            screen.say(A_MOMENT);
        }
        tokio::select! {
            biased;
            Ok(()) = ctrl_c() => interrupted(),
            () = underway.over() => why,
        }
    };
    tokio::select! {
        biased;
        why = stop => Err(why),
        outcome = future => outcome,
    }
}

/// Hears Ctrl-C from now on, so that it does not end the program by itself.
pub(super) fn hear() {
    // The first poll is what makes it heard.
    let _ = pin!(ctrl_c()).poll(&mut Context::from_waker(Waker::noop()));
}

pub(super) fn interrupted() -> Failure {
    Failure::new(Kind::Interrupted, "interrupted; nothing was kept")
}

const A_MOMENT: &str =
    "a moment: a token is on its way; Ctrl-C again ends it at once, and may lose the token";
