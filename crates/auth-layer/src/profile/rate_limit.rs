//! The rate limits that a provider publishes.

use std::num::NonZeroU32;
use std::time::Duration;

/// A published limit on how often an API may be called.
///
/// ```
/// use auth_layer::Profile;
///
/// let graphql = Profile::gotab().rate_limits().iter().find(|limit| limit.class() == "graphql").cloned();
/// assert_eq!(graphql.map(|limit| limit.requests().get()), Some(4));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RateLimit {
    class: &'static str,
    requests: NonZeroU32,
    period: Duration,
}

impl RateLimit {
    /// At most `requests` in each `period` for operations of `class`.
    pub const fn new(class: &'static str, requests: NonZeroU32, period: Duration) -> Self {
        Self { class, requests, period }
    }

    /// The operations that count against it (see
    /// [`OperationMeta::rate_class`](crate::OperationMeta::rate_class)).
    pub const fn class(&self) -> &'static str {
        self.class
    }

    /// How many requests are allowed in each period.
    pub const fn requests(&self) -> NonZeroU32 {
        self.requests
    }

    /// The period.
    pub const fn period(&self) -> Duration {
        self.period
    }
}
