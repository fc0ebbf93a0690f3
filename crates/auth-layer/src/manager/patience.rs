//! How long a caller without a token waits while token requests fail for a moment.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};

use super::flight::Outcome;
use super::keeper::Keeper;
use crate::clock::Now;
use crate::error::Error;
use crate::sync::Handle;

/// How long a caller waits for the retries of failed token requests, and for how many of them.
///
/// The caller sends nothing itself. It sleeps until the remembered failure ends, and joins the one exchange that the
/// first caller to wake starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patience {
    /// From the call to its end. The exchange that is on its way when the call is made may take longer.
    longest: Duration,
    /// How many retries it waits for.
    retries: u32,
}

/// One caller's wait.
struct Waiting {
    end: Now,
    retries: u32,
    /// How many failures the caller has seen.
    failures: u32,
    /// Until when the last of them is remembered: this tells one failure from the next.
    last: Option<Now>,
}

impl Patience {
    /// Fails at once.
    pub(crate) const NONE: Self = Self { longest: Duration::ZERO, retries: 0 };

    pub(crate) const fn new(longest: Duration, retries: u32) -> Self {
        Self { longest, retries }
    }

    const fn is_none(self) -> bool {
        self.longest.is_zero() || self.retries == 0
    }
}

impl Keeper {
    /// Gets a token, or a wait for one. A failure that nothing is to be waited for comes at once.
    pub(super) fn arrival(
        self: &Arc<Self>,
        patience: Patience,
    ) -> Result<impl Future<Output = Outcome> + Send + use<>, Error> {
        let now = self.clock.now();
        let end = now + patience.longest;
        let mut waiting = Waiting { end, retries: patience.retries, failures: 0, last: None };
        let boarding = self.board();
        if let Err(error) = &boarding
            && (patience.is_none() || self.time_to_next_look(error, &mut waiting).is_none())
        {
            return Err(error.clone());
        }
        // The outcome of an impatient caller holds on to nothing but its seat.
        let keeper = (!patience.is_none()).then(|| self.clone());
        Ok(async move {
            let outcome = match boarding {
                Ok(boarding) => boarding.outcome().await,
                Err(error) => Err(error),
            };
            match (outcome, keeper) {
                (Err(error), Some(keeper)) => keeper.wait_out(error, waiting).await,
                (outcome, _) => outcome,
            }
        })
    }

    /// Waits for the retries that follow a failure.
    async fn wait_out(self: Arc<Self>, mut error: Error, mut waiting: Waiting) -> Outcome {
        loop {
            let Some(pause) = self.time_to_next_look(&error, &mut waiting) else { return Err(error) };
            self.clock.sleep(pause).await;
            let boarding = match self.board() {
                Ok(boarding) => boarding,
                Err(remembered) => {
                    error = remembered;
                    continue;
                }
            };
            let left = self.clock.now().until(waiting.end);
            match select(pin!(boarding.outcome()), self.clock.sleep(left)).await {
                Either::Left((Err(failure), _)) => error = failure,
                Either::Left((Ok(token), _)) => return Ok(token),
                // The retry takes too long. The last failure says what is wrong.
                Either::Right(_) => return Err(error),
            }
        }
    }

    /// How long a caller with this error sleeps before it looks again; `None` if it gives up.
    fn time_to_next_look(&self, error: &Error, waiting: &mut Waiting) -> Option<Duration> {
        // Outside a runtime there is no timer, and the sleep would not end.
        if !error.is_transient() || Handle::try_current().is_err() {
            return None;
        }
        let slow = self.lock();
        let now = self.clock.now();
        if slow.retired || now.reached(waiting.end) {
            return None;
        }
        let remembered = slow.failures.remembered_until(now);
        if remembered.is_none() || remembered != waiting.last {
            waiting.last = remembered;
            waiting.failures += 1;
        }
        if waiting.failures > waiting.retries {
            return None;
        }
        let Some(until) = remembered else { return Some(Duration::ZERO) };
        // A wait that cannot end in time is not begun.
        if now.until(until) >= now.until(waiting.end) {
            return None;
        }
        let quiet = slow.failures.quiet_until().map_or(Duration::ZERO, |quiet| now.until(quiet));
        Some(quiet.clamp(SHORTEST, LOOK_EVERY))
    }
}

/// A token may come another way: after `forget`, or because a wall clock was set. Callers look for it this often.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The clock may be coarse, so that a sleep ends shortly before its moment.
const SHORTEST: Duration = Duration::from_millis(1);
