//! What a retry layer has done so far.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a [`RetryLayer`](crate::RetryLayer) and its services have done so far. Resends after a rejected token are counted
/// apart, by the token manager ([`Stats`](crate::Stats)).
///
/// ```
/// use auth_layer::{RetryLayer, RetryPolicy};
///
/// let layer = RetryLayer::new(RetryPolicy::new());
/// assert_eq!(layer.stats().retries, 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryStats {
    /// How many waits were begun, each for one more attempt.
    pub retries: u64,
    /// How many retries there were that the budget of their origin had no room for.
    pub over_budget: u64,
}

/// The same, being counted.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) retries: AtomicU64,
    pub(super) over_budget: AtomicU64,
}

impl Counts {
    pub(super) fn read(&self) -> RetryStats {
        RetryStats {
            retries: self.retries.load(Ordering::Relaxed),
            over_budget: self.over_budget.load(Ordering::Relaxed),
        }
    }
}
