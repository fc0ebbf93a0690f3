//! Ctrl-C: at once while a person is waited for, not before the end while a token is on its way.

use std::future::Future;
use std::pin::pin;

use crate::failure::{Failure, Kind};
use crate::screen::Screen;

/// Runs what must not be cut short: a refresh token or a code that was sent may be used up, and what comes back for it
/// has to be kept. It ends by its own deadline.
pub(super) async fn to_the_end<F: Future>(screen: &Screen, future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        tokio::select! {
            biased;
            Ok(()) = tokio::signal::ctrl_c() => screen.say("a moment: a token is on its way"),
            outcome = &mut future => return outcome,
        }
    }
}

/// Runs what leaves nothing behind, until Ctrl-C.
pub(super) async fn until_interrupted<T>(
    future: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        // Heard from the start on: before anything is said to the person.
        biased;
        Ok(()) = tokio::signal::ctrl_c() => Err(Failure::new(Kind::Interrupted, "interrupted; nothing was kept")),
        outcome = future => outcome,
    }
}
