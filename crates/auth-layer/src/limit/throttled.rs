//! `Throttled`: the error of a request that a rate limit would delay for too long.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The error of a request that was not sent, because a rate limit would have delayed it for longer than the maximum
/// wait.
///
/// Services return it boxed; [`Throttled::find`] gets it back. The same call may succeed later.
///
/// ```
/// use auth_layer::BoxError;
/// use auth_layer::limit::Throttled;
///
/// fn explain(error: &BoxError) -> String {
///     match Throttled::find(error.as_ref()) {
///         Some(throttled) => format!("too many calls of class {}", throttled.class()),
///         None => "the call itself failed".to_owned(),
///     }
/// }
/// # assert_eq!(explain(&"connection reset".into()), "the call itself failed");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Throttled {
    class: Arc<str>,
    retry_after: Option<Duration>,
}

impl Throttled {
    pub(super) const fn new(class: Arc<str>, retry_after: Option<Duration>) -> Self {
        Self { class, retry_after }
    }

    /// Returns the `Throttled` in `error` or in its chain of sources, if there is one.
    pub fn find<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Self> {
        std::iter::successors(Some(error), |&error| error.source()).find_map(|error| error.downcast_ref())
    }

    /// Returns the class of the rate limit.
    pub fn class(&self) -> &str {
        &self.class
    }

    /// Returns how long it takes until the next turn, if this request was the first in line.
    pub const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl fmt::Display for Throttled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the request was not sent: the rate limit `{}` would delay it for longer than the maximum wait; \
             call again later",
            self.class
        )
    }
}

impl StdError for Throttled {}
