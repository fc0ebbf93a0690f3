//! The rate limits that a provider publishes.

use std::borrow::Cow;
use std::num::NonZeroU32;
use std::time::Duration;

/// A published limit on the number of calls to an API.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RateLimit {
    class: Cow<'static, str>,
    requests: NonZeroU32,
    period: Duration,
}

impl RateLimit {
    /// Makes a limit of `requests` in each `period`, for all operations of `class` together.
    pub fn new(class: impl Into<Cow<'static, str>>, requests: NonZeroU32, period: Duration) -> Self {
        Self { class: class.into(), requests, period }
    }

    /// Returns the class of the operations that count against the limit (see
    /// [`OperationMeta::rate_class`](crate::OperationMeta::rate_class)).
    pub fn class(&self) -> &str {
        &self.class
    }

    /// Returns the number of requests that are allowed in each period.
    pub const fn requests(&self) -> NonZeroU32 {
        self.requests
    }

    /// Returns the period.
    pub const fn period(&self) -> Duration {
        self.period
    }
}
