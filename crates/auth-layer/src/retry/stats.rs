//! `RetryStats`: the counts of a retry layer.

use std::sync::atomic::{AtomicU64, Ordering};

/// The counts of a [`RetryLayer`](crate::RetryLayer) and its services. The token manager counts the resends after a
/// rejected token ([`Stats`](crate::manager::Stats)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryStats {
    /// The number of retries, counted when the wait before each of them starts.
    pub retries: u64,
    /// The number of retries that were not sent because the budget of their origin was used up.
    pub over_budget: u64,
}

/// The counters behind [`RetryStats`].
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) retries: AtomicU64,
    pub(super) over_budget: AtomicU64,
}

impl Counts {
    pub(super) fn read(&self) -> RetryStats {
        // Relaxed: the counters are independent, and a reader needs no order between them.
        RetryStats {
            retries: self.retries.load(Ordering::Relaxed),
            over_budget: self.over_budget.load(Ordering::Relaxed),
        }
    }
}
