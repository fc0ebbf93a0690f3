//! How long a caller without a token waits while token requests fail.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};

use super::current_token::{Token, WORTH_USING};
use super::flight::Outcome;
use super::keeper::Keeper;
use crate::clock::Now;
use crate::error::Error;
use crate::sync::Handle;

/// How long a caller waits after token requests have failed, and for how many retries.
///
/// The caller sleeps until the remembered failure ends. The first caller that wakes starts an exchange, and the others
/// join it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patience {
    /// Counted from the call. The exchange that runs when the call is made may take longer.
    max_wait: Duration,
    /// The number of retries to wait for.
    retries: u32,
}

/// One caller's wait.
struct Waiting {
    deadline: Now,
    retries: u32,
    /// The number of failures that the caller has seen.
    failures: u32,
    /// Until when the last of them is remembered. Another value means another failure.
    last_remembered_until: Option<Now>,
}

impl Patience {
    /// The caller fails at once.
    pub(crate) const NONE: Self = Self { max_wait: Duration::ZERO, retries: 0 };

    pub(crate) const fn new(max_wait: Duration, retries: u32) -> Self {
        Self { max_wait, retries }
    }

    const fn is_none(self) -> bool {
        self.max_wait.is_zero() || self.retries == 0
    }
}

impl Keeper {
    /// Returns a wait for a token. Fails at once if a failure is remembered and the caller is not to wait for its end.
    pub(super) fn wait_for_token(
        self: &Arc<Self>,
        patience: Patience,
    ) -> Result<impl Future<Output = Outcome> + Send + use<>, Error> {
        let now = self.clock.now();
        let deadline = now + patience.max_wait;
        let mut waiting =
            Waiting { deadline, retries: patience.retries, failures: 0, last_remembered_until: None };
        let token_or_wait = self.token_or_wait();
        if let Err(error) = &token_or_wait
            && (patience.is_none() || self.time_to_next_look(error, &mut waiting).is_none())
        {
            return Err(error.clone());
        }
        // Without patience the future holds no keeper, since it does not look at the state again.
        let keeper = (!patience.is_none()).then(|| self.clone());
        Ok(async move {
            let outcome = match token_or_wait {
                Ok(token_or_wait) => token_or_wait.outcome().await,
                Err(error) => Err(error),
            };
            match (outcome, keeper) {
                (Err(error), Some(keeper)) => keeper.wait_out(error, waiting).await,
                (outcome, _) => outcome,
            }
        })
    }

    /// Waits for the token after a rejected one that could not be renewed. `None` if the caller has to return the
    /// rejection: the current token is good for a while, so the rejection concerns this request only.
    ///
    /// A token that is about to expire counts as expired: the server may have seen that a moment earlier.
    pub(super) async fn wait_for_next_token(self: &Arc<Self>, patience: Patience) -> Option<Arc<Token>> {
        let left = self.time_left();
        if left >= WORTH_USING {
            return None;
        }
        let patience = Patience { max_wait: patience.max_wait.saturating_sub(left), ..patience };
        if !left.is_zero() {
            // Until then, the current token would be returned again.
            if patience.is_none() || Handle::try_current().is_err() {
                return None;
            }
            self.clock.sleep(left).await;
        }
        self.wait_for_token(patience).ok()?.await.ok()
    }

    /// Waits for the retries that follow a failure.
    async fn wait_out(self: Arc<Self>, mut error: Error, mut waiting: Waiting) -> Outcome {
        loop {
            let Some(pause) = self.time_to_next_look(&error, &mut waiting) else { return Err(error) };
            self.clock.sleep(pause).await;
            let token_or_wait = match self.token_or_wait() {
                Ok(token_or_wait) => token_or_wait,
                Err(remembered) => {
                    error = remembered;
                    continue;
                }
            };
            let left = self.clock.now().until(waiting.deadline);
            match select(pin!(token_or_wait.outcome()), self.clock.sleep(left)).await {
                Either::Left((Err(failure), _)) => error = failure,
                Either::Left((Ok(token), _)) => return Ok(token),
                // The retry goes on without this caller, which gets the last failure: that says what is wrong.
                Either::Right(_) => return Err(error),
            }
        }
    }

    /// Returns how long a caller with this error sleeps before it looks for a token again. `None` if it gives up.
    fn time_to_next_look(&self, error: &Error, waiting: &mut Waiting) -> Option<Duration> {
        // Without a runtime there is no timer, and the sleep would not end.
        if !error.is_transient() || Handle::try_current().is_err() {
            return None;
        }
        let state = self.lock();
        let now = self.clock.now();
        if state.retired || now.reached(waiting.deadline) {
            return None;
        }
        let remembered = state.failures.remembered_until(now);
        if remembered.is_none() || remembered != waiting.last_remembered_until {
            waiting.last_remembered_until = remembered;
            waiting.failures += 1;
        }
        if waiting.failures > waiting.retries {
            return None;
        }
        let Some(until) = remembered else { return Some(Duration::ZERO) };
        // A caller that cannot get a token in time fails now, and not after a useless wait.
        if now.until(until) >= now.until(waiting.deadline) {
            return None;
        }
        let quiet = state.failures.quiet_until().map_or(Duration::ZERO, |quiet| now.until(quiet));
        Some(quiet.clamp(SHORTEST, LOOK_EVERY))
    }
}

/// The longest sleep. A token may come before the backoff ends: after `forget`, or because a wall clock was set.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The shortest sleep. A coarse clock may end a sleep a little too early, and the caller would look again at once.
const SHORTEST: Duration = Duration::from_millis(1);
