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

/// How long the token endpoint is left alone after its `failures`th failure in a row (counted from 1).
///
/// Transient ones: 1 s, doubling to 60 s, or what `Retry-After` asks for if that is longer, up to 5 minutes.
/// Permanent ones: 5 s, so that a mended configuration works again without a restart. Up to 15 % shorter by
/// chance, and never shorter than `Retry-After`. A first panic says nothing of the endpoint, and is not remembered.
pub(super) fn backoff(error: &Error, failures: u32, chance: &mut fastrand::Rng) -> Duration {
    if error.kind() == ErrorKind::Panicked && failures == 1 {
        return Duration::ZERO;
    }
    let jitter = 1.0 - BACKOFF_SPREAD * chance.f64();
    if !error.is_transient() {
        return PERMANENT.mul_f64(jitter);
    }
    let doubled = FIRST.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LONGEST);
    let asked = error.retry_after().unwrap_or_default().min(LONGEST_ASKED);
    // Spread what the server asked for upwards, since it is a floor.
    doubled.mul_f64(jitter).max(asked.mul_f64(2.0 - jitter))
}

/// How long after a renewal that a rejection caused the next rejection may cause another, so that an API that
/// rejects everything cannot make us mint tokens.
pub(super) fn rejection_floor(chance: &mut fastrand::Rng) -> Duration {
    REJECTION_FLOOR.mul_f64(1.0 + SPREAD * chance.f64())
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

const REJECTION_FLOOR: Duration = Duration::from_secs(30);
