//! How long a mark counts, and how long the call under it may take.

use std::time::Duration;

use crate::profile::ReplayRule;

/// How long a mark counts, and how long the call under it may take.
pub(super) struct Terms {
    pub(super) lease: Duration,
    pub(super) deadline: Duration,
    /// How long the mark may take to be written; a call that begins later could outlive the lease.
    pub(super) slack: Duration,
}

impl Terms {
    /// The mark outlives the call, so that nobody takes it for abandoned. Where a token that is left behind may be sent
    /// again for a while only, it is abandoned early enough for that; and where it may always be, nobody waits long.
    pub(super) fn of(timeout: Duration, rule: ReplayRule) -> Self {
        let twice = timeout.saturating_mul(2);
        let lease = match rule {
            ReplayRule::Reusable => {
                return Self { lease: twice.min(SHORT_LEASE), deadline: timeout, slack: Duration::MAX };
            }
            ReplayRule::Grace(grace) if !grace.is_zero() => twice.min(grace / 2),
            ReplayRule::Grace(_) | ReplayRule::KillsFamily | ReplayRule::Unknown => twice,
        };
        Self { lease, deadline: lease / 2, slack: lease / 2 }
    }
}

/// Who comes after a crash waits no longer than this, where waiting saves an exchange and no more.
const SHORT_LEASE: Duration = Duration::from_secs(10);
