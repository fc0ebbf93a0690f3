//! `Terms`: how long a mark counts, and how long the call under it may take.

use std::time::Duration;

use crate::profile::ReplayRule;

/// The times of one refresh.
pub(super) struct Terms {
    /// How long the mark counts.
    pub(super) lease: Duration,
    /// How long the token request may take.
    pub(super) deadline: Duration,
    /// How long the write of the mark may take. If it takes longer, nothing is sent.
    pub(super) slack: Duration,
}

impl Terms {
    /// Returns the times for a token request with this timeout.
    pub(super) fn of(timeout: Duration, rule: ReplayRule) -> Self {
        let twice = timeout.saturating_mul(2);
        let lease = match rule {
            // A second use does no harm, so a call may outlive its mark. The lease only saves the others a request.
            ReplayRule::Reusable => {
                return Self { lease: twice.min(SHORT_LEASE), deadline: timeout, slack: Duration::MAX };
            }
            // After a crash the next process waits for the lease. Half of the grace period is then left for it. A grace
            // period of less than four timeouts also shortens the token request: with 20 s, it may take 5 s.
            ReplayRule::Grace(grace) if !grace.is_zero() => twice.min(grace / 2),
            ReplayRule::Grace(_) | ReplayRule::KillsFamily | ReplayRule::Unknown => twice,
        };
        // One half of the lease is for the write of the mark, and the other half for the call. Together they take no
        // longer than the lease. Otherwise another process could see the mark as abandoned while its call still waits.
        Self { lease, deadline: lease / 2, slack: lease / 2 }
    }
}

/// The longest lease of a reusable token. After a crash, the next process waits this long to save one request.
const SHORT_LEASE: Duration = Duration::from_secs(10);
