//! What holds of ages, soft points and backoffs whatever the clocks, lifetimes and chance.

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::renewal::{Renewal, backoff};
use super::slot::{Age, Token};
use crate::clock::Now;
use crate::error::{Error, ErrorKind};
use crate::token::{AccessToken, Generation};

proptest! {
    #![proptest_config(repeatable())]

    #[test]
    fn a_token_never_grows_younger(soft in now(), hard in now(), early in now(), late in now()) {
        let token = token(soft, hard);
        let monotonic = early.monotonic().max(late.monotonic());
        // The clocks move on, each by itself and both together.
        for later in [
            Now::new(monotonic, early.wall()),
            Now::new(early.monotonic(), early.wall().max(late.wall())),
            Now::new(monotonic, early.wall().max(late.wall())),
        ] {
            prop_assert!(rank(token.age(early)) <= rank(token.age(later)), "{early:?} {later:?}");
        }
    }

    #[test]
    fn a_token_is_dead_when_either_clock_says_so(soft in now(), hard in now(), other in any::<u64>()) {
        let token = token(soft, hard);
        let other = Duration::from_nanos(other);
        prop_assert_eq!(token.age(Now::new(hard.monotonic(), other)), Age::Expired);
        prop_assert_eq!(token.age(Now::new(other, hard.wall())), Age::Expired);
    }

    #[test]
    fn what_is_left_of_a_life_ends_with_it(hard in now(), now in now()) {
        let left = now.until(hard);
        prop_assert_eq!(left.is_zero(), now.reached(hard));
        prop_assert!((now + left).reached(hard));
        if let Some(almost) = left.checked_sub(Duration::from_nanos(1)) {
            prop_assert!(!(now + almost).reached(hard));
        }
    }

    #[test]
    fn an_age_depends_on_the_life_alone(
        // A reading ends after 584 years, and what never ends is never expired.
        [monotonic, wall] in [seconds(0..=500 * YEAR), seconds(0..=500 * YEAR)],
        life in life(),
        seed: u64,
        t in 0.0..2.0,
    ) {
        let asked = Now::new(monotonic, wall);
        let lives = Renewal::default().soft(life, &mut chance(seed));
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
    fn a_soft_point_lies_within_its_margin(early in duration(), life in life(), seed: u64) {
        let soft = Renewal { early }.soft(life, &mut chance(seed));
        let margin = early.min(life / 5);
        prop_assert!(soft >= life - margin && soft <= life - margin.mul_f64(0.799_999), "{soft:?}");
    }

    #[test]
    fn no_life_makes_a_soft_point_panic_or_come_late(early in duration(), life in duration(), seed: u64) {
        let soft = Renewal { early }.soft(life, &mut chance(seed));
        prop_assert!(soft <= life, "{soft:?}");
    }

    #[test]
    fn a_longer_life_is_renewed_no_sooner(
        early in seconds(0..=3_600),
        one in 0..200_000u64,
        more in 0..200_000u64,
        seed: u64,
    ) {
        let soft = |life| Renewal { early }.soft(Duration::from_secs(life), &mut chance(seed));
        // Both are rounded to a nanosecond.
        prop_assert!(soft(one) <= soft(one + more) + Duration::from_nanos(2));
    }

    #[test]
    fn no_failure_makes_a_backoff_panic_or_last(error in error(), failures in 1u32.., seed: u64) {
        let wait = backoff(&error, failures, &mut chance(seed));
        prop_assert!(wait <= Duration::from_secs(345), "{wait:?}");
        let soonest = Duration::from_millis(if error.is_transient() { 850 } else { 5_000 });
        prop_assert!(wait >= soonest || failures == 1 && error.kind() == ErrorKind::Panicked, "{wait:?}");
    }

    #[test]
    fn one_failure_more_is_backed_off_from_no_less(error in error(), failures in 1..u32::MAX, seed: u64) {
        let wait = |failures| backoff(&error, failures, &mut chance(seed));
        prop_assert!(wait(failures) <= wait(failures + 1));
    }

    #[test]
    fn a_backoff_is_never_shorter_than_what_was_asked_for(
        asked in seconds(0..=300),
        failures in 1u32..,
        seed: u64,
    ) {
        let error = Error::new(ErrorKind::Transport, "down").with_retry_after(Some(asked));
        prop_assert!(backoff(&error, failures, &mut chance(seed)) >= asked);
    }
}

/// The same cases each time; a second's worth of them.
fn repeatable() -> ProptestConfig {
    ProptestConfig {
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::with_cases(700)
    }
}

fn token(soft: Now, hard: Now) -> Token {
    let token = AccessToken::new("abc").expect("visible ASCII");
    Token { token, generation: Generation(1), landing: 1, scope: None, soft, hard }
}

const fn rank(age: Age) -> u8 {
    match age {
        Age::Fresh => 0,
        Age::Stale => 1,
        Age::Expired => 2,
    }
}

/// Readings of both clocks: any at all, and such as lie near each other.
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

/// Failures of any kind, with and without a wish of the server's.
fn error() -> impl Strategy<Value = Error> {
    let kinds = [ErrorKind::Transport, ErrorKind::Refused, ErrorKind::SignInAgain, ErrorKind::Panicked];
    (prop::sample::select(kinds.to_vec()), any::<bool>(), prop::option::of(duration())).prop_map(
        |(kind, transient, asked)| {
            Error::new(kind, "failed").with_transience(transient).with_retry_after(asked)
        },
    )
}

fn chance(seed: u64) -> fastrand::Rng {
    fastrand::Rng::with_seed(seed)
}

const YEAR: u64 = 365 * 86_400;
