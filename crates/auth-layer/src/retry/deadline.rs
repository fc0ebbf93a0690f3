//! The end of a call, whatever it is doing.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

/// The deadline of a call passed before there was a response. Found in the [`BoxError`](crate::BoxError) of
/// [`Retry`](crate::Retry) by downcast.
///
/// ```
/// use auth_layer::{BoxError, DeadlinePassed};
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
    /// The deadline, from when the call was made.
    pub const fn deadline(&self) -> Duration {
        self.deadline
    }
}

impl fmt::Display for DeadlinePassed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there was no response within {:?}, all attempts together", self.deadline)
    }
}

impl StdError for DeadlinePassed {}
