//! `Throttled`: a request whose turn would have come too late.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

/// A request was not sent, since its turn under a rate limit would not have come within the longest wait allowed.
///
/// At the tower seam it is boxed; [`Throttled::find`] gets it back. The same call may succeed later.
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
    class: &'static str,
    retry_after: Option<Duration>,
}

impl Throttled {
    pub(super) const fn new(class: &'static str, retry_after: Option<Duration>) -> Self {
        Self { class, retry_after }
    }

    /// Finds a `Throttled` in `error` or in its chain of causes.
    pub fn find<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Self> {
        std::iter::successors(Some(error), |&error| error.source()).find_map(|error| error.downcast_ref())
    }

    /// The class whose limit it was.
    pub const fn class(&self) -> &'static str {
        self.class
    }

    /// After how long the next turn comes, if this request was the first in line.
    pub const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl fmt::Display for Throttled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the request was not sent: its turn under the rate limit {} comes too late", self.class)
    }
}

impl StdError for Throttled {}
