//! `TimedOut`: the error of a request without a response in time.

use std::fmt;
use std::time::Duration;

/// The error of a request without a response in time. The server may have acted on the request.
///
/// ```
/// # fn show(error: auth_layer::BoxError) {
/// if let Some(timed_out) = error.downcast_ref::<auth_layer::timeout::TimedOut>() {
///     println!("nothing within {:?}", timed_out.limit());
/// }
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedOut {
    limit: Duration,
}

impl TimedOut {
    pub(super) const fn new(limit: Duration) -> Self {
        Self { limit }
    }

    /// Returns the timeout.
    pub const fn limit(&self) -> Duration {
        self.limit
    }
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "no response within the timeout of {:?}; the server may have acted on the request",
            self.limit
        )
    }
}

impl std::error::Error for TimedOut {}
