//! `DeadlinePassed`: the error of a call that took too long.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

/// The error of a call whose deadline passed before there was a response. Downcast the [`BoxError`](crate::BoxError) of
/// [`Retry`](crate::retry::Retry) to get it.
///
/// ```
/// use auth_layer::retry::DeadlinePassed;
/// use auth_layer::BoxError;
///
/// fn was_too_slow(error: &BoxError) -> bool {
///     error.is::<DeadlinePassed>()
/// }
/// # assert!(!was_too_slow(&"connection reset".into()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeadlinePassed {
    pub(super) deadline: Duration,
}

impl DeadlinePassed {
    /// Returns the deadline, counted from the start of the call.
    pub const fn deadline(&self) -> Duration {
        self.deadline
    }
}

impl fmt::Display for DeadlinePassed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no response within the deadline of {:?}, all attempts and waits together", self.deadline)
    }
}

impl StdError for DeadlinePassed {}
