//! `Pace`: decides when the next request of a class may be sent.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::{Either, select};
use http::{HeaderMap, HeaderName, StatusCode};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::headers;
use super::spacing::{Spacing, nanos};
use super::throttled::Throttled;
use crate::clock::Clock;
use crate::profile::RateLimit;

/// The state of the rate limits of one class. It decides when the next request may be sent.
pub(crate) struct Pace {
    class: Arc<str>,
    /// The names of the headers that the API has, beside those of the draft.
    headers: Arc<[(HeaderName, HeaderName)]>,
    spacing: Spacing,
    /// The queue of waiting requests. Its one permit belongs to the first in line. The semaphore is fair: requests get
    /// the permit in the order in which they asked. Dropping the permit returns it.
    line: Semaphore,
    /// The end of the provider's pause: the monotonic time in nanoseconds.
    paused: AtomicU64,
    /// The longest wait for a turn.
    max_wait: Option<Duration>,
    clock: Arc<dyn Clock>,
}

/// The first place in line. Dropping it makes the next request the first.
pub(crate) struct Place<'a> {
    pace: &'a Pace,
    /// The monotonic time until which the turn must come.
    deadline: Option<Duration>,
    _first: SemaphorePermit<'a>,
}

impl Pace {
    /// Creates the pace that keeps within all `limits` of one class. `None` if they limit nothing.
    pub(super) fn new(
        class: Arc<str>,
        limits: &[&RateLimit],
        headers: Arc<[(HeaderName, HeaderName)]>,
        max_wait: Option<Duration>,
        clock: Arc<dyn Clock>,
    ) -> Option<Self> {
        let spacing = Spacing::new(limits)?;
        Some(Self {
            class,
            headers,
            spacing,
            line: Semaphore::new(1),
            paused: AtomicU64::new(0),
            max_wait,
            clock,
        })
    }

    pub(super) fn class(&self) -> &str {
        &self.class
    }

    /// Takes a turn if it is due now and no other request waits. Returns whether it did.
    pub(crate) fn try_turn(&self) -> bool {
        self.line.try_acquire().is_ok_and(|_first| self.take())
    }

    /// Waits until the request is the first in line and its turn is due. It does not take the turn: see
    /// [`Place::take`].
    ///
    /// Dropping the future gives up the place in line.
    pub(crate) async fn place(&self) -> Result<Place<'_>, Throttled> {
        let deadline = self.max_wait.map(|max_wait| self.now().saturating_add(max_wait));
        let line = self.line.acquire();
        let permit = match self.max_wait {
            None => line.await,
            // `select` polls the line first, so that a free permit is not refused by a wait of zero.
            Some(max_wait) => match select(pin!(line), self.clock.sleep(max_wait)).await {
                Either::Left((permit, _)) => permit,
                Either::Right(((), _)) => return Err(Throttled::new(self.class.clone(), None)),
            },
        };
        let place = Place { pace: self, deadline, _first: permit.expect("the line is never closed") };
        place.due().await?;
        Ok(place)
    }

    /// Reads the head of a response, and pauses the class if the provider asks for it.
    pub(crate) fn heed(&self, status: StatusCode, headers: &HeaderMap) {
        let now = self.clock.now();
        if let Some(pause) = headers::pause(status, headers, &self.headers, now) {
            let until = now + pause.min(LONGEST_PAUSE);
            // `fetch_max`: responses arrive in any order, and a shorter pause must not end a longer one. Relaxed: the
            // value guards no other memory.
            let before = self.paused.fetch_max(nanos(until.monotonic()), Ordering::Relaxed);
            // One line for each pause. Many concurrent calls may get the same 429.
            if before < nanos(now.monotonic()) {
                tracing::info!(class = &*self.class, ?pause, "the provider asks for a pause");
            }
        }
    }

    /// Takes a turn if it is due, and returns whether it did. Only the first in line may call it.
    fn take(&self) -> bool {
        let now = self.now();
        let is_due = self.wait(now).is_zero();
        if is_due {
            self.spacing.take(now);
        }
        is_due
    }

    /// Returns how long after `now` the next turn is due. Only the first in line may call it.
    fn wait(&self, now: Duration) -> Duration {
        // Relaxed: a pause that another thread is storing just now may be missed by this one request.
        let pause = Duration::from_nanos(self.paused.load(Ordering::Relaxed)).saturating_sub(now);
        pause.max(self.spacing.wait(now))
    }

    fn now(&self) -> Duration {
        self.clock.now().monotonic()
    }
}

impl Place<'_> {
    /// Waits until the turn is due. Fails at once if that is after the deadline.
    pub(crate) async fn due(&self) -> Result<(), Throttled> {
        let pace = self.pace;
        // Checked again after each sleep, because the provider may have asked for a pause during it.
        loop {
            let now = pace.now();
            let wait = pace.wait(now);
            if wait.is_zero() {
                return Ok(());
            }
            if self.deadline.is_some_and(|deadline| now.saturating_add(wait) > deadline) {
                return Err(Throttled::new(pace.class.clone(), Some(wait)));
            }
            pace.clock.sleep(wait).await;
        }
    }

    /// Takes the turn. Returns false if it is not due any more, because the provider has asked for a pause.
    pub(crate) fn take(&self) -> bool {
        self.pace.take()
    }
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pace").field("class", &self.class).finish_non_exhaustive()
    }
}

/// The longest pause: 5 minutes, as for a token endpoint. A wrong header must not stop all calls for a day.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
