//! When to renew, and how long to leave a token endpoint alone. Pure: no I/O, no locks.

use std::time::Duration;

use crate::error::{Error, ErrorKind};

/// When tokens are renewed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Renewal {
    /// How long before its end a token is renewed, at the most.
    pub(super) early: Duration,
}

impl Renewal {
    /// How long after it was asked for a token with this lifetime turns stale.
    ///
    /// The margin is `min(early, lifetime / 5)`, so that a short token is still used more than once, and up to
    /// a fifth of that later by chance, so that a fleet does not move together.
    pub(super) fn soft(self, lifetime: Duration, chance: &mut fastrand::Rng) -> Duration {
        let margin = self.early.min(lifetime / SHARE);
        lifetime.saturating_sub(margin.mul_f64(1.0 - SPREAD * chance.f64()))
    }
}

impl Default for Renewal {
    fn default() -> Self {
        Self { early: EARLY }
    }
}

/// How long the token endpoint is left alone after the `failures`th failure of this kind since the last token (counted
/// from 1).
///
/// - Transient: 1 s, doubling to 60 s, up to 15 % shorter by chance. If `Retry-After` asks for longer, that long and up
///   to 15 % longer, at most 345 s.
/// - Permanent: 5 s, doubling to 60 s, up to 15 % longer by chance. It is never longer than 60 s, so that a correction
///   at the provider is noticed within a minute, and never shorter, so that ten minutes see 13 requests at most.
/// - A first panic says nothing about the endpoint, and is not remembered. The second one counts as the first failure.
/// - A runtime that lacks something says nothing about the endpoint, which it does not reach; another caller may be on a
///   better one. It is never remembered.
pub(super) fn backoff(error: &Error, failures: u32, chance: &mut fastrand::Rng) -> Duration {
    let earlier = match error.kind() {
        ErrorKind::Panicked if failures == 1 => return Duration::ZERO,
        ErrorKind::Runtime => return Duration::ZERO,
        ErrorKind::Panicked => failures.saturating_sub(2),
        _ => failures.saturating_sub(1),
    };
    let doublings = 1 << earlier.min(16);
    if !error.is_transient() {
        let longer = 1.0 + BACKOFF_SPREAD * chance.f64();
        return PERMANENT.saturating_mul(doublings).min(LONGEST).mul_f64(longer).min(LONGEST);
    }
    let jitter = 1.0 - BACKOFF_SPREAD * chance.f64();
    let doubled = FIRST.saturating_mul(doublings).min(LONGEST);
    let asked = error.retry_after().unwrap_or_default().min(LONGEST_ASKED);
    // Spread what the server asked for upwards, since it is a floor.
    doubled.mul_f64(jitter).max(asked.mul_f64(2.0 - jitter))
}

/// How long after a renewal that a rejection caused the next rejection may cause another one, so that an API that
/// rejects everything cannot make us mint tokens.
///
/// Half the token's lifetime, doubled for each earlier renewal that did not help, 30 s at most; up to a fifth longer by
/// chance.
pub(super) fn rejection_pause(lifetime: Duration, earlier: u32, chance: &mut fastrand::Rng) -> Duration {
    let doubled = (lifetime / 2).saturating_mul(1 << earlier.min(16));
    doubled.min(LONGEST_REJECTION_PAUSE).mul_f64(1.0 + SPREAD * chance.f64())
}

/// Long enough for several tries at a token endpoint in trouble.
const EARLY: Duration = Duration::from_secs(300);
const SHARE: u32 = 5;
const SPREAD: f64 = 0.2;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);
const LONGEST_ASKED: Duration = Duration::from_secs(300);
const PERMANENT: Duration = Duration::from_secs(5);
const BACKOFF_SPREAD: f64 = 0.15;

const LONGEST_REJECTION_PAUSE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    const SEEDS: std::ops::Range<u64> = 0..500;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Checks that the soft points of a lifetime lie between two bounds, and come near to both.
    #[track_caller]
    fn soft_points(early: Duration, lifetime: Duration, from: Duration, to: Duration) {
        let points = SEEDS.map(|seed| Renewal { early }.soft(lifetime, &mut fastrand::Rng::with_seed(seed)));
        let points: Vec<_> = points.collect();
        let (first, last) = (*points.iter().min().unwrap(), *points.iter().max().unwrap());
        let near = (to - from) / 20;
        assert!((from..=from + near).contains(&first), "{first:?}");
        assert!((to - near..=to).contains(&last), "{last:?}");
    }

    #[test]
    fn a_long_life_is_renewed_by_the_margin() {
        soft_points(EARLY, seconds(3600), seconds(3300), seconds(3360));
        soft_points(seconds(60), seconds(3600), seconds(3540), seconds(3552));
    }

    #[test]
    fn a_short_life_is_renewed_by_a_fifth_of_it() {
        soft_points(EARLY, seconds(20), seconds(16), Duration::from_millis(16_800));
        soft_points(EARLY, seconds(3), Duration::from_millis(2_400), Duration::from_millis(2_520));
    }

    #[test]
    fn extreme_lives_have_a_soft_point() {
        let mut chance = fastrand::Rng::with_seed(1);
        assert_eq!(Renewal::default().soft(Duration::ZERO, &mut chance), Duration::ZERO);
        let never = Renewal::default().soft(Duration::MAX, &mut chance);
        assert!(never <= Duration::MAX - seconds(240) && never >= Duration::MAX - seconds(300));
        assert_eq!(Renewal { early: Duration::ZERO }.soft(seconds(60), &mut chance), seconds(60));
        let widest = Renewal { early: Duration::MAX }.soft(seconds(100), &mut chance);
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
            // Neither shorter nor longer than the minute within which a correction is to be noticed.
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
    fn what_the_endpoint_asks_for_is_a_floor() {
        let asked = |wait| transient().with_retry_after(Some(seconds(wait)));
        backoffs(&asked(30), 1, seconds(30), Duration::from_millis(34_500));
        // The backoff is longer.
        backoffs(&asked(1), 7, seconds(51), seconds(60));
        // A day is not waited for.
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
