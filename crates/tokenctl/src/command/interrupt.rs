//! Ctrl-C. It ends the program at once while that waits for a person. While a token request is running, only the second
//! Ctrl-C does.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use tokio::signal::ctrl_c;

use super::underway::Underway;
use crate::failure::{Failure, Kind};
use crate::screen::Screen;

/// Runs a future that must not be interrupted by accident. A refresh token or a code that was sent may be used up, so
/// the token in the answer has to be kept. The future ends by its own deadline, or at the second Ctrl-C.
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
            Err(Failure::new(Kind::Interrupted, "interrupted during a token request; a new token may be lost"))
        }
        outcome = &mut future => Ok(outcome),
    }
}

/// Runs a future that leaves nothing behind, until Ctrl-C.
pub(super) async fn until_interrupted<T>(
    future: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        // The signal is polled first, so that Ctrl-C counts before anything is shown to the person.
        biased;
        Ok(()) = ctrl_c() => Err(interrupted()),
        outcome = future => outcome,
    }
}

/// Runs a future that leaves nothing behind between its requests, until Ctrl-C or until `late`. If a request is running
/// then, its answer is waited for, because it may have used up a code. A second Ctrl-C ends that as well.
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

/// Handles Ctrl-C from now on, so that it does not end the program by itself.
pub(super) fn hear() {
    // The first poll installs the handler.
    let _ = pin!(ctrl_c()).poll(&mut Context::from_waker(Waker::noop()));
}

pub(super) fn interrupted() -> Failure {
    Failure::new(Kind::Interrupted, "interrupted; nothing was kept")
}

const A_MOMENT: &str =
    "one moment: a token request is running; Ctrl-C again ends it at once, and may lose the new token";
