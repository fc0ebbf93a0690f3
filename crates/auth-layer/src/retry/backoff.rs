//! The wait before the next attempt. No I/O, no locks.

use std::time::Duration;

use crate::response::RetryAfter;

/// The range of random waits: from zero to `first`, which doubles with each attempt up to `longest`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    pub(super) first: Duration,
    pub(super) longest: Duration,
}

impl Backoff {
    /// Returns the wait after attempt number `attempt` (from 1) failed.
    ///
    /// The wait is drawn evenly from the whole range, so that callers that failed together do not retry together. If
    /// the server asked for a wait, the drawn time is added to it, and the range is at least a tenth of it.
    pub(super) fn wait(
        self,
        attempt: u32,
        asked: Option<RetryAfter>,
        chance: &mut fastrand::Rng,
    ) -> Duration {
        // 2^16 times 200 ms is more than 3 hours. The shift of a larger exponent would overflow.
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

/// The first range: 200 ms is longer than a short network failure, and a person hardly notices it.
const FIRST: Duration = Duration::from_millis(200);
/// The longest range: 10 s is about as long as a person waits.
const LONGEST: Duration = Duration::from_secs(10);

/// The random time on top of a `Retry-After` is up to a tenth of it.
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
