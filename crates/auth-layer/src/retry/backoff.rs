//! How long to wait before an attempt. Pure: no I/O, no locks.

use std::time::Duration;

use crate::retry_after::RetryAfter;

/// The range that waits are drawn from: `first`, doubled with each attempt up to `longest`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    pub(super) first: Duration,
    pub(super) longest: Duration,
}

impl Backoff {
    /// How long to wait after attempt number `attempt` (from 1) failed.
    ///
    /// It is drawn evenly from the whole range, anew each time, so that callers that failed together do not come back
    /// together. What the server asked for is a floor: the draw comes on top of it, and its range is then a tenth of
    /// the floor at least.
    pub(super) fn wait(
        self,
        attempt: u32,
        asked: Option<RetryAfter>,
        chance: &mut fastrand::Rng,
    ) -> Duration {
        let range = self.first.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(self.longest);
        let floor = asked.map_or(Duration::ZERO, RetryAfter::wait);
        let range = range.max(floor / SPREAD);
        let nanos = u64::try_from(range.as_nanos()).unwrap_or(u64::MAX);
        floor.saturating_add(Duration::from_nanos(chance.u64(0..=nanos)))
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: FIRST, longest: LONGEST }
    }
}

/// Longer than a hiccup, shorter than a person's patience.
const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(10);

/// A `Retry-After` is exceeded by at most this share of it.
const SPREAD: u32 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks that the waits after an attempt fill a range.
    #[track_caller]
    fn waits(backoff: Backoff, attempt: u32, to: Duration) {
        let waits = (0..500).map(|seed| backoff.wait(attempt, None, &mut fastrand::Rng::with_seed(seed)));
        let waits: Vec<_> = waits.collect();
        let (first, last) = (*waits.iter().min().unwrap(), *waits.iter().max().unwrap());
        assert!(first <= to / 20, "{first:?}");
        assert!((to - to / 20..=to).contains(&last), "{last:?}");
    }

    #[test]
    fn the_range_doubles_up_to_a_limit() {
        for (attempt, millis) in [(1, 200), (2, 400), (3, 800), (6, 6_400), (7, 10_000), (u32::MAX, 10_000)] {
            waits(Backoff::default(), attempt, Duration::from_millis(millis));
        }
        waits(Backoff { first: Duration::MAX, longest: Duration::MAX }, 3, Duration::from_nanos(u64::MAX));
        let none = Backoff { first: Duration::ZERO, longest: Duration::ZERO };
        assert_eq!(none.wait(1, None, &mut fastrand::Rng::with_seed(1)), Duration::ZERO);
    }
}
