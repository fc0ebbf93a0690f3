//! `Spacing`: at what distance requests follow each other. Pure but for one number; what waits is in `pace`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::profile::RateLimit;

/// A number of requests at once, and then one at each distance (the generic cell rate algorithm).
///
/// With `b` at once and one each `t`, a period `p` holds at most `b - 1 + p / t` (rounded up) requests, wherever it
/// begins. That is the published number `n` or less if `t` is `p / (n - b + 1)` or more.
#[derive(Debug)]
pub(super) struct Spacing {
    /// The time between two requests, in nanoseconds.
    distance: u64,
    /// How much earlier than at that distance a request may go, in nanoseconds.
    tolerance: u64,
    /// When the next request would go at the distance alone: monotonic nanoseconds. Only the first in line reads and
    /// writes it, and the line's semaphore orders one after the other.
    even: AtomicU64,
}

impl Spacing {
    /// Keeps within all of these limits, if they limit anything.
    pub(super) fn new(limits: &[&RateLimit]) -> Option<Self> {
        let burst = limits.iter().map(|limit| limit.requests().get() / BURST_SHARE).min()?.max(1);
        let distances = limits.iter().map(|limit| {
            let period = nanos(limit.period().min(LONGEST_PERIOD));
            period.div_ceil(u64::from(limit.requests().get() - burst + 1))
        });
        let distance = distances.max().filter(|distance| *distance > 0)?;
        let tolerance = distance.saturating_mul(u64::from(burst - 1));
        Some(Self { distance, tolerance, even: AtomicU64::new(0) })
    }

    /// How long after `now` the next request may go: zero if it may go now.
    pub(super) fn wait(&self, now: Duration) -> Duration {
        let earliest = self.even.load(Ordering::Relaxed).saturating_sub(self.tolerance);
        Duration::from_nanos(earliest.saturating_sub(nanos(now)))
    }

    /// Notes that a request goes now.
    pub(super) fn take(&self, now: Duration) {
        let even = self.even.load(Ordering::Relaxed).max(nanos(now));
        self.even.store(even.saturating_add(self.distance), Ordering::Relaxed);
    }
}

pub(super) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Enough at once for a page that makes a few calls, and little enough to leave nine tenths of the speed.
const BURST_SHARE: u32 = 10;

/// No provider publishes a longer one, and time is counted in nanoseconds.
const LONGEST_PERIOD: Duration = Duration::from_secs(10 * 365 * 86_400);

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    #[track_caller]
    fn spaced(limits: &[(u32, Duration)], burst: u64, distance: Duration) {
        let limits: Vec<RateLimit> = limits
            .iter()
            .map(|(requests, period)| RateLimit::new("api", NonZeroU32::new(*requests).unwrap(), *period))
            .collect();
        let spacing = Spacing::new(&limits.iter().collect::<Vec<_>>()).unwrap();
        let found = (spacing.tolerance / spacing.distance + 1, Duration::from_nanos(spacing.distance));
        assert_eq!(found, (burst, distance));
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
    fn a_burst_goes_at_once_and_the_rest_at_the_distance() {
        let limit = RateLimit::new("api", NonZeroU32::new(30).unwrap(), Duration::from_secs(28));
        let spacing = Spacing::new(&[&limit]).unwrap();
        let start = Duration::from_secs(1_000);
        for _ in 0..3 {
            assert_eq!(spacing.wait(start), Duration::ZERO);
            spacing.take(start);
        }
        assert_eq!(spacing.wait(start), Duration::from_secs(1));
        // Asking takes nothing.
        assert_eq!(spacing.wait(start + Duration::from_secs(1)), Duration::ZERO);
        spacing.take(start + Duration::from_secs(1));
        assert_eq!(spacing.wait(start + Duration::from_secs(1)), Duration::from_secs(1));
    }

    #[test]
    fn extreme_limits_break_nothing() {
        let most = NonZeroU32::MAX;
        assert!(Spacing::new(&[&RateLimit::new("api", NonZeroU32::MIN, Duration::ZERO)]).is_none());
        assert!(Spacing::new(&[]).is_none());
        for limit in [
            RateLimit::new("api", most, Duration::MAX),
            RateLimit::new("api", NonZeroU32::MIN, Duration::MAX),
            RateLimit::new("api", most, Duration::from_nanos(1)),
        ] {
            let spacing = Spacing::new(&[&limit]).unwrap();
            let now = Duration::from_secs(1_000);
            assert_eq!(spacing.wait(now), Duration::ZERO);
            spacing.take(now);
            spacing.take(Duration::MAX);
        }
    }
}
