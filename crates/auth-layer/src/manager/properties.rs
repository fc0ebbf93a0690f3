//! Properties of ages, renewal times and backoffs for all clocks, lifetimes and random numbers.

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::current_token::{Age, Token};
use super::renewal::{Renewal, backoff};
use crate::clock::Now;
use crate::error::{Error, ErrorKind};
use crate::token::{AccessToken, Generation};

proptest! {
    #![proptest_config(repeatable())]

    #[test]
    fn a_token_never_grows_younger(renew_from in now(), expires_at in now(), early in now(), late in now()) {
        let token = token(renew_from, expires_at);
        let monotonic = early.monotonic().max(late.monotonic());
        // Each clock moves on alone, and then both together.
        for later in [
            Now::new(monotonic, early.wall()),
            Now::new(early.monotonic(), early.wall().max(late.wall())),
            Now::new(monotonic, early.wall().max(late.wall())),
        ] {
            prop_assert!(rank(token.age(early)) <= rank(token.age(later)), "{early:?} {later:?}");
        }
    }

    #[test]
    fn a_token_expires_when_either_clock_says_so(renew_from in now(), expires_at in now(), other in any::<u64>()) {
        let token = token(renew_from, expires_at);
        let other = Duration::from_nanos(other);
        prop_assert_eq!(token.age(Now::new(expires_at.monotonic(), other)), Age::Expired);
        prop_assert_eq!(token.age(Now::new(other, expires_at.wall())), Age::Expired);
    }

    #[test]
    fn the_time_left_ends_with_the_life(expires_at in now(), now in now()) {
        let left = now.until(expires_at);
        prop_assert_eq!(left.is_zero(), now.reached(expires_at));
        prop_assert!((now + left).reached(expires_at));
        if let Some(almost) = left.checked_sub(Duration::from_nanos(1)) {
            prop_assert!(!(now + almost).reached(expires_at));
        }
    }

    #[test]
    fn an_age_depends_on_the_life_alone(
        // A reading overflows after 584 years, and a token that never ends never expires.
        [monotonic, wall] in [seconds(0..=500 * YEAR), seconds(0..=500 * YEAR)],
        life in life(),
        seed: u64,
        t in 0.0..2.0,
    ) {
        let asked = Now::new(monotonic, wall);
        let lives = Renewal::default().renew_after(life, &mut rng(seed));
        let token = token(asked + lives, asked + life);
        let passed = life.mul_f64(t);
        let expected = match passed {
            passed if passed >= life => Age::Expired,
            passed if passed >= lives => Age::Stale,
            _ => Age::Fresh,
        };
        prop_assert_eq!(token.age(asked + passed), expected);
    }

    #[test]
    fn a_renewal_lies_within_its_margin(early in duration(), life in life(), seed: u64) {
        let soft = Renewal { margin: early }.renew_after(life, &mut rng(seed));
        let margin = early.min(life / 5);
        prop_assert!(soft >= life - margin && soft <= life - margin.mul_f64(0.799_999), "{soft:?}");
    }

    #[test]
    fn no_lifetime_makes_a_renewal_panic_or_come_late(early in duration(), life in duration(), seed: u64) {
        let soft = Renewal { margin: early }.renew_after(life, &mut rng(seed));
        prop_assert!(soft <= life, "{soft:?}");
    }

    #[test]
    fn a_longer_life_is_renewed_no_sooner(
        early in seconds(0..=3_600),
        one in 0..200_000u64,
        more in 0..200_000u64,
        seed: u64,
    ) {
        let soft = |life| Renewal { margin: early }.renew_after(Duration::from_secs(life), &mut rng(seed));
        // Both times are rounded to a nanosecond.
        prop_assert!(soft(one) <= soft(one + more) + Duration::from_nanos(2));
    }

    #[test]
    fn no_failure_makes_a_backoff_panic_or_last_long(error in error(), failures in 1u32.., seed: u64) {
        let wait = backoff(&error, failures, &mut rng(seed));
        prop_assert!(wait <= Duration::from_secs(345), "{wait:?}");
        let soonest = Duration::from_millis(if error.is_transient() { 850 } else { 5_000 });
        prop_assert!(wait >= soonest || failures == 1 && error.kind() == ErrorKind::Panicked, "{wait:?}");
    }

    #[test]
    fn another_failure_shortens_no_backoff(error in error(), failures in 1..u32::MAX, seed: u64) {
        let wait = |failures| backoff(&error, failures, &mut rng(seed));
        prop_assert!(wait(failures) <= wait(failures + 1));
    }

    #[test]
    fn a_backoff_is_never_shorter_than_retry_after(
        asked in seconds(0..=300),
        failures in 1u32..,
        seed: u64,
    ) {
        let error = Error::new(ErrorKind::Transport, "down").with_retry_after(Some(asked));
        prop_assert!(backoff(&error, failures, &mut rng(seed)) >= asked);
    }
}

/// The same cases in each run. They take about a second.
fn repeatable() -> ProptestConfig {
    ProptestConfig {
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::with_cases(700)
    }
}

fn token(renew_from: Now, expires_at: Now) -> Token {
    let token = AccessToken::new("abc").expect("visible ASCII");
    Token {
        token,
        generation: Generation(1),
        version: 1,
        scope: None,
        kept: Default::default(),
        origin: None,
        renew_from,
        expires_at,
    }
}

const fn rank(age: Age) -> u8 {
    match age {
        Age::Fresh => 0,
        Age::Stale => 1,
        Age::Expired => 2,
    }
}

/// Readings of both clocks: any at all, and some that are near each other.
fn now() -> impl Strategy<Value = Now> {
    let nanos = || prop_oneof![any::<u64>(), 0..100u64, u64::MAX - 100..=u64::MAX];
    (nanos(), nanos())
        .prop_map(|(mono, wall)| Now::new(Duration::from_nanos(mono), Duration::from_nanos(wall)))
}

fn duration() -> impl Strategy<Value = Duration> {
    prop_oneof![any::<Duration>(), seconds(0..=YEAR), Just(Duration::MAX)]
}

/// Lives shorter and longer than the margin.
fn life() -> impl Strategy<Value = Duration> {
    prop_oneof![seconds(0..=1_500), seconds(0..=YEAR)]
}

fn seconds(range: std::ops::RangeInclusive<u64>) -> impl Strategy<Value = Duration> {
    range.prop_map(Duration::from_secs)
}

/// Failures of any kind, with and without `Retry-After`.
fn error() -> impl Strategy<Value = Error> {
    let kinds = [ErrorKind::Transport, ErrorKind::Refused, ErrorKind::SignInAgain, ErrorKind::Panicked];
    (prop::sample::select(kinds.to_vec()), any::<bool>(), prop::option::of(duration())).prop_map(
        |(kind, transient, asked)| {
            Error::new(kind, "failed").with_transience(transient).with_retry_after(asked)
        },
    )
}

fn rng(seed: u64) -> fastrand::Rng {
    fastrand::Rng::with_seed(seed)
}

const YEAR: u64 = 365 * 86_400;
