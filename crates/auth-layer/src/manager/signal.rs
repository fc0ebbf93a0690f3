//! Tells somebody, once, that a person has to sign in again.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::Error;

/// Whom to tell, if anybody.
#[derive(Default)]
pub(super) struct Signal(Option<Box<Tell>>);

type Tell = dyn Fn(&Error) + Send + Sync;

impl Signal {
    pub(super) fn new(tell: impl Fn(&Error) + Send + Sync + 'static) -> Self {
        Self(Some(Box::new(tell)))
    }

    /// Tells. A panic of the listener must not take the flight with it, for which others wait.
    pub(super) fn give(&self, error: &Error) {
        if let Some(tell) = &self.0
            && catch_unwind(AssertUnwindSafe(|| tell(error))).is_err()
        {
            tracing::error!("the listener for needed sign-ins panicked");
        }
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Signal(..)" } else { "Signal" })
    }
}
