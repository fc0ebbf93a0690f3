//! `Pace`: when the next request of a class may go.

use std::fmt;
use std::num::NonZeroU32;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::{Either, select};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use http::{HeaderMap, StatusCode};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::headers;
use super::throttled::Throttled;
use crate::clock::Clock;
use crate::profile::RateLimit;

/// When the next request of a class may go.
pub(super) struct Pace {
    class: &'static str,
    limiter: RateLimiter<NotKeyed, InMemoryState, Ticks, NoOpMiddleware<Duration>>,
    /// Its one permit is the place of the first in line. It goes from one to the next in the order of their coming,
    /// and back when its holder is dropped.
    line: Semaphore,
    /// Until when the provider wants no calls: the monotonic time in nanoseconds.
    paused: AtomicU64,
    clock: Arc<dyn Clock>,
}

impl Pace {
    /// The pace that keeps within all of these limits of one class, if they limit anything.
    pub(super) fn new(class: &'static str, limits: &[&RateLimit], clock: Arc<dyn Clock>) -> Option<Self> {
        let quota = quota(limits)?;
        Some(Self {
            class,
            limiter: RateLimiter::direct_with_clock(quota, Ticks(clock.clone())),
            line: Semaphore::new(1),
            paused: AtomicU64::new(0),
            clock,
        })
    }

    pub(super) const fn class(&self) -> &'static str {
        self.class
    }

    /// Takes a turn if one can be had now, and nobody came before.
    pub(super) fn try_turn(&self) -> bool {
        self.line.try_acquire().is_ok_and(|_first| self.wait().is_none())
    }

    /// Takes a turn as soon as it comes, if that is within `patience`.
    ///
    /// Dropping the future gives the place in line up, and takes no turn.
    pub(super) async fn turn(&self, patience: Option<Duration>) -> Result<(), Throttled> {
        let deadline = patience.map(|patience| self.now().saturating_add(patience));
        let _first = self.come_first(patience).await?;
        while let Some(wait) = self.wait() {
            if deadline.is_some_and(|deadline| self.now().saturating_add(wait) > deadline) {
                return Err(Throttled::new(self.class, Some(wait)));
            }
            self.clock.sleep(wait).await;
        }
        Ok(())
    }

    /// Heeds what the provider says in the head of a response.
    pub(super) fn heed(&self, status: StatusCode, headers: &HeaderMap) {
        let now = self.clock.now();
        if let Some(pause) = headers::pause(status, headers, now) {
            let until = now + pause.min(LONGEST_PAUSE);
            let before = self.paused.fetch_max(nanos(until.monotonic()), Ordering::Relaxed);
            if before < nanos(now.monotonic()) {
                tracing::info!(class = self.class, ?pause, "the provider asks for a pause");
            }
        }
    }

    /// Waits to be the first in line.
    async fn come_first(&self, patience: Option<Duration>) -> Result<SemaphorePermit<'_>, Throttled> {
        let line = self.line.acquire();
        let permit = match patience {
            None => line.await,
            Some(patience) => match select(pin!(line), self.clock.sleep(patience)).await {
                Either::Left((permit, _)) => permit,
                Either::Right(((), _)) => return Err(Throttled::new(self.class, None)),
            },
        };
        Ok(permit.expect("the line is never closed"))
    }

    /// Takes the turn that is due, or says how long the next one is off. Only the first in line asks.
    fn wait(&self) -> Option<Duration> {
        let now = self.now();
        let pause = Duration::from_nanos(self.paused.load(Ordering::Relaxed)).saturating_sub(now);
        if !pause.is_zero() {
            return Some(pause);
        }
        self.limiter.check().err().map(|early| early.wait_time_from(now))
    }

    fn now(&self) -> Duration {
        self.clock.now().monotonic()
    }
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pace").field("class", &self.class).finish_non_exhaustive()
    }
}

/// Our clock, as the limiter reads it.
#[derive(Clone, Debug)]
struct Ticks(Arc<dyn Clock>);

impl governor::clock::Clock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.now().monotonic()
    }
}

/// How many may go at once, and at what distance further ones follow.
///
/// With `b` at once and one each `t`, a period `p` holds at most `b - 1 + p / t` (rounded up) requests, wherever it
/// begins. That is the published number `n` or less if `t` is `p / (n - b + 1)` or more.
fn quota(limits: &[&RateLimit]) -> Option<Quota> {
    let burst = limits.iter().map(|limit| limit.requests().get() / BURST_SHARE).min()?.max(1);
    let distance = limits.iter().map(|limit| {
        let period = nanos(limit.period().min(LONGEST_PERIOD));
        period.div_ceil(u64::from(limit.requests().get() - burst + 1))
    });
    let quota = Quota::with_period(Duration::from_nanos(distance.max()?))?;
    Some(quota.allow_burst(NonZeroU32::new(burst)?))
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Enough at once for a page that makes a few calls, and little enough to leave nine tenths of the speed.
const BURST_SHARE: u32 = 10;

/// Nobody publishes a longer one, and the limiter counts nanoseconds.
const LONGEST_PERIOD: Duration = Duration::from_secs(10 * 365 * 86_400);

/// As for a token endpoint: a day is not waited for.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn spaced(limits: &[(u32, Duration)], burst: u32, distance: Duration) {
        let limits: Vec<RateLimit> = limits
            .iter()
            .map(|(requests, period)| RateLimit::new("api", NonZeroU32::new(*requests).unwrap(), *period))
            .collect();
        let quota = quota(&limits.iter().collect::<Vec<_>>()).unwrap();
        assert_eq!((quota.burst_size().get(), quota.replenish_interval()), (burst, distance));
    }

    #[test]
    fn known_limits_are_spaced_so() {
        let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
        spaced(&[(4, second)], 1, Duration::from_millis(250));
        spaced(&[(10, second)], 1, Duration::from_millis(100));
        spaced(&[(100, minute)], 10, Duration::from_nanos(659_340_660));
        spaced(&[(1, minute)], 1, minute);
        // Both of two limits are kept.
        spaced(&[(10, second), (100, minute)], 1, Duration::from_millis(600));
    }

    #[test]
    fn extreme_limits_break_nothing() {
        let most = NonZeroU32::MAX;
        assert!(quota(&[&RateLimit::new("api", NonZeroU32::MIN, Duration::ZERO)]).is_none());
        assert!(quota(&[]).is_none());
        for limit in [
            RateLimit::new("api", most, Duration::MAX),
            RateLimit::new("api", NonZeroU32::MIN, Duration::MAX),
            RateLimit::new("api", most, Duration::from_nanos(1)),
        ] {
            let clock = Arc::new(crate::SystemClock::new());
            let pace = Pace::new("api", &[&limit], clock).unwrap();
            assert!(pace.try_turn());
        }
    }
}
