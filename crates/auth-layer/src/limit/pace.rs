//! `Pace`: when the next request of a class may go.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::{Either, select};
use http::{HeaderMap, StatusCode};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::headers;
use super::spacing::{Spacing, nanos};
use super::throttled::Throttled;
use crate::clock::Clock;
use crate::profile::RateLimit;

/// When the next request of a class may go.
pub(crate) struct Pace {
    class: &'static str,
    spacing: Spacing,
    /// Its one permit is the place of the first in line. It goes from one to the next in the order of their coming,
    /// and back when its holder is dropped.
    line: Semaphore,
    /// Until when the provider wants no calls: the monotonic time in nanoseconds.
    paused: AtomicU64,
    /// The longest wait for a turn.
    max_wait: Option<Duration>,
    clock: Arc<dyn Clock>,
}

/// The place of the first in line. Dropping it lets the next one come first.
pub(crate) struct Place<'a> {
    pace: &'a Pace,
    /// The monotonic time after which a turn comes too late.
    deadline: Option<Duration>,
    _first: SemaphorePermit<'a>,
}

impl Pace {
    /// The pace that keeps within all of these limits of one class, if they limit anything.
    pub(super) fn new(
        class: &'static str,
        limits: &[&RateLimit],
        max_wait: Option<Duration>,
        clock: Arc<dyn Clock>,
    ) -> Option<Self> {
        let spacing = Spacing::new(limits)?;
        Some(Self { class, spacing, line: Semaphore::new(1), paused: AtomicU64::new(0), max_wait, clock })
    }

    pub(super) const fn class(&self) -> &'static str {
        self.class
    }

    /// Takes a turn if one can be had now, and no other caller came before.
    pub(crate) fn try_turn(&self) -> bool {
        self.line.try_acquire().is_ok_and(|_first| self.take())
    }

    /// Waits to be the first in line and for a turn to be due. It takes no turn: see [`Place::take`].
    ///
    /// Dropping the future gives the place in line up.
    pub(crate) async fn place(&self) -> Result<Place<'_>, Throttled> {
        let deadline = self.max_wait.map(|max_wait| self.now().saturating_add(max_wait));
        let line = self.line.acquire();
        let permit = match self.max_wait {
            None => line.await,
            Some(max_wait) => match select(pin!(line), self.clock.sleep(max_wait)).await {
                Either::Left((permit, _)) => permit,
                Either::Right(((), _)) => return Err(Throttled::new(self.class, None)),
            },
        };
        let place = Place { pace: self, deadline, _first: permit.expect("the line is never closed") };
        place.due().await?;
        Ok(place)
    }

    /// Heeds what the provider says in the head of a response.
    pub(crate) fn heed(&self, status: StatusCode, headers: &HeaderMap) {
        let now = self.clock.now();
        if let Some(pause) = headers::pause(status, headers, now) {
            let until = now + pause.min(LONGEST_PAUSE);
            let before = self.paused.fetch_max(nanos(until.monotonic()), Ordering::Relaxed);
            if before < nanos(now.monotonic()) {
                tracing::info!(class = self.class, ?pause, "the provider asks for a pause");
            }
        }
    }

    /// Takes a turn if one is due. Only the first in line asks.
    fn take(&self) -> bool {
        let now = self.now();
        let is_due = self.wait(now).is_zero();
        if is_due {
            self.spacing.take(now);
        }
        is_due
    }

    /// How long after `now` the next turn comes. Only the first in line asks.
    fn wait(&self, now: Duration) -> Duration {
        let pause = Duration::from_nanos(self.paused.load(Ordering::Relaxed)).saturating_sub(now);
        pause.max(self.spacing.wait(now))
    }

    fn now(&self) -> Duration {
        self.clock.now().monotonic()
    }
}

impl Place<'_> {
    /// Waits until a turn is due, if that is soon enough.
    pub(crate) async fn due(&self) -> Result<(), Throttled> {
        let pace = self.pace;
        loop {
            let now = pace.now();
            let wait = pace.wait(now);
            if wait.is_zero() {
                return Ok(());
            }
            if self.deadline.is_some_and(|deadline| now.saturating_add(wait) > deadline) {
                return Err(Throttled::new(pace.class, Some(wait)));
            }
            pace.clock.sleep(wait).await;
        }
    }

    /// Takes the turn. It may be due no more: the provider can ask for a pause at any moment.
    pub(crate) fn take(&self) -> bool {
        self.pace.take()
    }
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pace").field("class", &self.class).finish_non_exhaustive()
    }
}

/// As for a token endpoint: a day is not waited for.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
