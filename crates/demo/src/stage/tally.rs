//! The results of a client's calls, counted where an application would make them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use client_core::{Error, ResponseValue};

/// A counter of calls and their answers. Clones share the counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    calls: AtomicU64,
    answered: AtomicU64,
    first_loss: Mutex<Option<String>>,
}

impl Tally {
    /// Counts a call when it starts, and its answer when the value is there.
    pub(crate) async fn call<T, E>(
        &self,
        call: impl Future<Output = Result<ResponseValue<T>, Error<E>>>,
    ) -> anyhow::Result<T>
    where
        E: Send + Sync + 'static,
    {
        // Relaxed is enough for all counts: they order no other memory, and they are read after the calls have ended.
        self.0.calls.fetch_add(1, Ordering::Relaxed);
        match call.await {
            Ok(value) => {
                self.0.answered.fetch_add(1, Ordering::Relaxed);
                Ok(value.into_inner())
            }
            Err(error) => {
                let error = anyhow::Error::new(error);
                self.0.loss().get_or_insert_with(|| format!("{error:#}"));
                Err(error)
            }
        }
    }

    pub(crate) fn calls(&self) -> u64 {
        self.0.calls.load(Ordering::Relaxed)
    }

    /// Returns how many calls returned no value: they failed or have not ended.
    pub(crate) fn lost(&self) -> u64 {
        self.calls() - self.0.answered.load(Ordering::Relaxed)
    }

    /// Returns the error of the first call that failed.
    pub(crate) fn first_loss(&self) -> Option<String> {
        self.0.loss().clone()
    }
}

impl Counts {
    fn loss(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.first_loss.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
