//! When to renew a token, and how long to wait after a failure. Pure: no I/O, no locks.

use std::time::Duration;

use crate::error::{Error, ErrorKind};

/// When tokens are renewed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Renewal {
    /// How long before its expiry a token is renewed, at the most.
    pub(super) margin: Duration,
}

impl Renewal {
    /// Returns how long after its request a token with this lifetime turns stale.
    ///
    /// The margin before the expiry is `min(margin, lifetime / 5)`, so that a short-lived token is used more than once.
    /// The margin is shortened by a random part of up to a fifth, so the renewal is a little later, and a fleet does
    /// not renew at the same moment.
    pub(super) fn renew_after(self, lifetime: Duration, rng: &mut fastrand::Rng) -> Duration {
        let margin = self.margin.min(lifetime / LIFETIME_SHARE);
        lifetime.saturating_sub(margin.mul_f64(1.0 - JITTER * rng.f64()))
    }
}

impl Default for Renewal {
    fn default() -> Self {
        Self { margin: DEFAULT_MARGIN }
    }
}

/// Returns the pause after the `failures`th failure of this kind since the last token, counted from 1.
///
/// - Transient failures: 1 s, doubling to 60 s, and up to 15 % shorter at random. If `Retry-After` asks for more, that
///   time and up to 15 % more, at most 345 s.
/// - Permanent failures: 5 s, doubling to 60 s, and up to 15 % longer at random. It is never longer than 60 s, so that
///   a correction at the provider is noticed within a minute. The jitter never makes it shorter, so that a source gets
///   at most 13 requests in ten minutes.
/// - A first panic is not remembered, since it says nothing about the endpoint. The second one counts as the first
///   failure.
/// - A runtime that lacks timers or I/O is never remembered. It says nothing about the endpoint, and another caller may
///   have a complete runtime.
pub(super) fn backoff(error: &Error, failures: u32, rng: &mut fastrand::Rng) -> Duration {
    let earlier = match error.kind() {
        ErrorKind::Panicked if failures == 1 => return Duration::ZERO,
        ErrorKind::Runtime => return Duration::ZERO,
        ErrorKind::Panicked => failures.saturating_sub(2),
        _ => failures.saturating_sub(1),
    };
    // 16 doublings pass every limit, and more would overflow the shift.
    let factor = 1 << earlier.min(16);
    if !error.is_transient() {
        let jitter = 1.0 + BACKOFF_JITTER * rng.f64();
        return PERMANENT.saturating_mul(factor).min(LONGEST).mul_f64(jitter).min(LONGEST);
    }
    let jitter = 1.0 - BACKOFF_JITTER * rng.f64();
    let doubled = TRANSIENT.saturating_mul(factor).min(LONGEST);
    let asked = error.retry_after().unwrap_or_default().min(LONGEST_ASKED);
    // The server's wait is a minimum, so the jitter only makes it longer.
    doubled.mul_f64(jitter).max(asked.mul_f64(2.0 - jitter))
}

/// Returns the pause between two renewals that rejections cause. Without it, an API that rejects everything would cause
/// a token request for each call.
///
/// It is half the token's lifetime, doubled for each earlier renewal that did not help, and 30 s at most. A random part
/// of up to a fifth is added.
pub(super) fn rejection_pause(lifetime: Duration, earlier: u32, rng: &mut fastrand::Rng) -> Duration {
    let doubled = (lifetime / 2).saturating_mul(1 << earlier.min(16));
    doubled.min(LONGEST_REJECTION_PAUSE).mul_f64(1.0 + JITTER * rng.f64())
}

/// Five minutes leave time for several attempts while a token endpoint fails.
const DEFAULT_MARGIN: Duration = Duration::from_secs(300);

/// A token is used for at least four fifths of its lifetime.
const LIFETIME_SHARE: u32 = 5;
const JITTER: f64 = 0.2;

/// A short outage is over in a second; a wrong secret is not.
const TRANSIENT: Duration = Duration::from_secs(1);
const PERMANENT: Duration = Duration::from_secs(5);

/// A provider that works again is asked within a minute.
const LONGEST: Duration = Duration::from_secs(60);

/// A longer `Retry-After` is cut to this, so that one bad answer does not stop a service for hours.
const LONGEST_ASKED: Duration = Duration::from_secs(300);
const BACKOFF_JITTER: f64 = 0.15;

/// An API that accepts tokens again gets one within 36 s: the jitter adds up to 6 s.
const LONGEST_REJECTION_PAUSE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    const SEEDS: std::ops::Range<u64> = 0..500;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Checks that the renewal times for a lifetime lie between two bounds, and come near to both.
    #[track_caller]
    fn renewal_times(margin: Duration, lifetime: Duration, from: Duration, to: Duration) {
        let points =
            SEEDS.map(|seed| Renewal { margin }.renew_after(lifetime, &mut fastrand::Rng::with_seed(seed)));
        let points: Vec<_> = points.collect();
        let (first, last) = (*points.iter().min().unwrap(), *points.iter().max().unwrap());
        let near = (to - from) / 20;
        assert!((from..=from + near).contains(&first), "{first:?}");
        assert!((to - near..=to).contains(&last), "{last:?}");
    }

    #[test]
    fn a_long_life_is_renewed_within_the_margin() {
        renewal_times(DEFAULT_MARGIN, seconds(3600), seconds(3300), seconds(3360));
        renewal_times(seconds(60), seconds(3600), seconds(3540), seconds(3552));
    }

    #[test]
    fn a_short_life_is_renewed_in_its_last_fifth() {
        renewal_times(DEFAULT_MARGIN, seconds(20), seconds(16), Duration::from_millis(16_800));
        renewal_times(DEFAULT_MARGIN, seconds(3), Duration::from_millis(2_400), Duration::from_millis(2_520));
    }

    #[test]
    fn extreme_lifetimes_have_a_renewal_time() {
        let mut rng = fastrand::Rng::with_seed(1);
        assert_eq!(Renewal::default().renew_after(Duration::ZERO, &mut rng), Duration::ZERO);
        let never = Renewal::default().renew_after(Duration::MAX, &mut rng);
        assert!(never <= Duration::MAX - seconds(240) && never >= Duration::MAX - seconds(300));
        assert_eq!(Renewal { margin: Duration::ZERO }.renew_after(seconds(60), &mut rng), seconds(60));
        let widest = Renewal { margin: Duration::MAX }.renew_after(seconds(100), &mut rng);
        assert!((seconds(80)..=seconds(84)).contains(&widest), "{widest:?}");
    }

    fn transient() -> Error {
        Error::new(ErrorKind::Transport, "down")
    }

    /// Checks that the backoffs of a failure lie between two bounds, and come near to both.
    #[track_caller]
    fn backoffs(error: &Error, failures: u32, from: Duration, to: Duration) {
        let waits = SEEDS.map(|seed| backoff(error, failures, &mut fastrand::Rng::with_seed(seed)));
        let waits: Vec<_> = waits.collect();
        let (first, last) = (*waits.iter().min().unwrap(), *waits.iter().max().unwrap());
        let near = (to - from) / 20;
        assert!((from..=from + near).contains(&first), "{first:?} after {failures}");
        assert!((to - near..=to).contains(&last), "{last:?} after {failures}");
    }

    #[test]
    fn transient_failures_double_from_a_second_to_a_minute() {
        for (failures, doubled) in [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 32), (7, 60), (8, 60)] {
            backoffs(&transient(), failures, seconds(doubled).mul_f64(0.85), seconds(doubled));
        }
        for failures in [17, 33, 64, 65, u32::MAX] {
            backoffs(&transient(), failures, seconds(51), seconds(60));
        }
    }

    #[test]
    fn permanent_failures_double_from_five_seconds_to_a_minute() {
        let error = Error::new(ErrorKind::SignInAgain, "ended");
        for (failures, doubled) in [(1, 5), (2, 10), (3, 20), (4, 40)] {
            backoffs(&error, failures, seconds(doubled), seconds(doubled).mul_f64(1.15));
        }
        for failures in [5, 6, 17, 33, 64, 65, u32::MAX] {
            // Not longer, so that a correction is noticed within a minute.
            backoffs(&error, failures, seconds(60), seconds(60));
        }
    }

    #[test]
    fn a_first_panic_is_not_remembered() {
        let error = Error::new(ErrorKind::Panicked, "panicked");
        assert_eq!(backoff(&error, 1, &mut fastrand::Rng::with_seed(1)), Duration::ZERO);
        backoffs(&error, 2, seconds(5), Duration::from_millis(5_750));
        backoffs(&error, 3, seconds(10), Duration::from_millis(11_500));
        backoffs(&error, u32::MAX, seconds(60), seconds(60));
    }

    #[test]
    fn retry_after_is_a_minimum() {
        let asked = |wait| transient().with_retry_after(Some(seconds(wait)));
        backoffs(&asked(30), 1, seconds(30), Duration::from_millis(34_500));
        // The doubled backoff is longer than that.
        backoffs(&asked(1), 7, seconds(51), seconds(60));
        // A whole day is not waited for.
        backoffs(&asked(86_400), 1, seconds(300), seconds(345));
        backoffs(&asked(u64::MAX), 1, seconds(300), seconds(345));
        backoffs(&asked(0), 1, Duration::from_millis(850), seconds(1));
    }

    #[test]
    fn pauses_after_rejections_double_from_half_a_life_to_half_a_minute() {
        for (lifetime, earlier, from) in
            [(3600, 0, 30.0), (3600, 9, 30.0), (4, 0, 2.0), (4, 1, 4.0), (4, 99, 30.0)]
        {
            let pauses = SEEDS
                .map(|seed| rejection_pause(seconds(lifetime), earlier, &mut fastrand::Rng::with_seed(seed)));
            let pauses: Vec<_> = pauses.map(|pause| pause.as_secs_f64() / from).collect();
            assert!(pauses.iter().all(|pause| (1.0..=1.2).contains(pause)), "{lifetime} s");
            assert!(pauses.iter().any(|pause| *pause < 1.02) && pauses.iter().any(|pause| *pause > 1.18));
        }
        assert!(rejection_pause(Duration::MAX, 0, &mut fastrand::Rng::with_seed(1)) <= seconds(36));
    }
}
