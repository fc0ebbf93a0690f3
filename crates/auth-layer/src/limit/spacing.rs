//! `Spacing`: the distance between requests. It does not wait; `Pace` does.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::profile::RateLimit;

/// The generic cell rate algorithm: a number of requests at once, and then one after each distance.
///
/// With `b` requests at once and one after each `t`, a period `p` contains at most `b - 1 + p / t` (rounded up)
/// requests, wherever it starts. This is at most the published number `n` if `t` is at least `p / (n - b + 1)`.
#[derive(Debug)]
pub(super) struct Spacing {
    /// The time between two requests, in nanoseconds.
    distance: u64,
    /// How much earlier than at that distance a request may be sent, in nanoseconds.
    tolerance: u64,
    /// The time of the next request without the tolerance: monotonic nanoseconds. Only the first in line reads and
    /// writes it, and the semaphore of the line orders these accesses.
    even: AtomicU64,
}

impl Spacing {
    /// Creates the spacing that keeps within all `limits`. `None` if they limit nothing.
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

    /// Returns how long after `now` the next request may be sent: zero if it may be sent now.
    pub(super) fn wait(&self, now: Duration) -> Duration {
        // Relaxed: the semaphore of the line orders all accesses.
        let earliest = self.even.load(Ordering::Relaxed).saturating_sub(self.tolerance);
        Duration::from_nanos(earliest.saturating_sub(nanos(now)))
    }

    /// Records that a request is sent now.
    pub(super) fn take(&self, now: Duration) {
        // A load and a store are enough: only the first in line is here, and the semaphore orders one after the other.
        let even = self.even.load(Ordering::Relaxed).max(nanos(now));
        self.even.store(even.saturating_add(self.distance), Ordering::Relaxed);
    }
}

pub(super) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// A tenth of the requests may be sent at once. This is enough for a page that makes a few calls, and the steady rate
/// stays at nine tenths of the published one.
const BURST_SHARE: u32 = 10;

/// The longest period: 10 years. No provider publishes a longer one, and it fits in nanoseconds.
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
    fn published_limits_have_these_bursts_and_distances() {
        let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
        spaced(&[(4, second)], 1, Duration::from_millis(250));
        spaced(&[(10, second)], 1, Duration::from_millis(100));
        spaced(&[(100, minute)], 10, Duration::from_nanos(659_340_660));
        spaced(&[(1, minute)], 1, minute);
        // The spacing keeps within both limits.
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
        // `wait` takes no turn.
        assert_eq!(spacing.wait(start + Duration::from_secs(1)), Duration::ZERO);
        spacing.take(start + Duration::from_secs(1));
        assert_eq!(spacing.wait(start + Duration::from_secs(1)), Duration::from_secs(1));
    }

    #[test]
    fn extreme_limits_do_not_overflow() {
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
