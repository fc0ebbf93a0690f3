//! Calls the application when a person has to sign in again.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::Error;

/// The function of the application that is called, if there is one.
#[derive(Default)]
pub(super) struct SignInListener(Option<Box<Listener>>);

type Listener = dyn Fn(&Error) + Send + Sync;

impl SignInListener {
    pub(super) fn new(listener: impl Fn(&Error) + Send + Sync + 'static) -> Self {
        Self(Some(Box::new(listener)))
    }

    /// Calls the function, if there is one.
    pub(super) fn call(&self, error: &Error) {
        // A panic here would end the task of the exchange, and all callers that wait would lose its outcome.
        if let Some(listener) = &self.0
            && catch_unwind(AssertUnwindSafe(|| listener(error))).is_err()
        {
            tracing::error!("the listener for needed sign-ins panicked");
        }
    }
}

impl fmt::Debug for SignInListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "SignInListener(..)" } else { "SignInListener" })
    }
}
