//! `Flight`: one exchange whose outcome many callers share.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};

use super::current_token::Token;
use crate::error::{Error, ErrorKind};
use crate::sync::{AbortHandle, Handle, watch};

/// The result of an exchange. All callers that wait for it get a clone.
pub(super) type Outcome = Result<Arc<Token>, Error>;

/// An exchange that was started, as its manager holds it.
#[derive(Debug)]
pub(super) enum Flight {
    /// It runs in a task of its own.
    Spawned { outcome: watch::Receiver<Option<Outcome>>, task: AbortHandle, waiters: Waiters },
    /// There was no runtime, so the callers that wait poll the exchange. It is dropped with the last of them.
    Driven(WeakShared<BoxFuture<'static, Outcome>>),
}

/// The outcome of a flight, as a caller waits for it.
#[derive(Debug)]
pub(super) enum SharedOutcome {
    /// The waiters are `None` if the holder does not count as a caller that waits.
    Spawned(watch::Receiver<Option<Outcome>>, Option<Waiters>),
    Driven(Shared<BoxFuture<'static, Outcome>>),
}

/// The parts of a task. A runtime that shuts down drops them in this order.
struct Running<F> {
    /// Dropped first, which tells callers that the exchange has ended. The drop of the exchange allows early renewals
    /// again. A caller that then starts a renewal must not find this flight running. Otherwise it would leave the
    /// renewal to a flight that never ends.
    sender: watch::Sender<Option<Outcome>>,
    exchange: Pin<Box<F>>,
}

/// Tells an exchange whether a caller waits for it. Each caller that counts holds a clone. So do the flight and the
/// exchange.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiters(Arc<()>);

impl Waiters {
    /// Returns whether a caller waits. The caller of this method holds the manager's lock: no caller can join then.
    pub(super) fn any(&self) -> bool {
        // The `Flight` and the `Attempt` hold one clone each; every other clone is a caller.
        Arc::strong_count(&self.0) > 2
    }
}

impl Flight {
    /// Starts an exchange in a task of its own.
    pub(super) fn spawn(
        runtime: &Handle,
        waiters: Waiters,
        exchange: impl Future<Output = Outcome> + Send + 'static,
    ) -> (Self, SharedOutcome) {
        let (sender, outcome) = watch::channel(None);
        let running = Running { sender, exchange: Box::pin(exchange) };
        let task = runtime.spawn(async move {
            // The whole value moves in here, and not its fields one by one: the order of their drop matters.
            let mut running = running;
            let arrived = running.exchange.as_mut().await;
            // `send` would lose the outcome if no receiver were left. A caller may still join until the manager has
            // taken note of the end.
            running.sender.send_replace(Some(arrived));
        });
        let shared = SharedOutcome::Spawned(outcome.clone(), Some(waiters.clone()));
        (Self::Spawned { outcome, task: task.abort_handle(), waiters }, shared)
    }

    /// Prepares an exchange that starts when the first caller that waits polls it. Never returns `None` in practice:
    /// the exchange was not polled yet.
    pub(super) fn driven(
        exchange: impl Future<Output = Outcome> + Send + 'static,
    ) -> Option<(Self, SharedOutcome)> {
        let shared = exchange.boxed().shared();
        let flight = Self::Driven(shared.downgrade()?);
        Some((flight, SharedOutcome::Driven(shared)))
    }

    /// Returns the outcome to wait for. `None` if the exchange has ended, or its runtime has shut down.
    pub(super) fn join(&self) -> Option<SharedOutcome> {
        match self {
            Self::Spawned { outcome, waiters, .. } => {
                // `has_changed` fails once the sender is dropped, which happens if the task was dropped unfinished.
                let is_running = outcome.borrow().is_none() && outcome.has_changed().is_ok();
                is_running.then(|| SharedOutcome::Spawned(outcome.clone(), Some(waiters.clone())))
            }
            Self::Driven(weak) => {
                weak.upgrade().filter(|shared| shared.peek().is_none()).map(SharedOutcome::Driven)
            }
        }
    }

    /// Aborts a spawned exchange. A driven one is not aborted: it ends with the last caller that waits.
    pub(super) fn abort(&self) {
        if let Self::Spawned { task, .. } = self {
            task.abort();
        }
    }
}

impl SharedOutcome {
    /// Returns the same outcome for a holder that does not count as a caller that waits.
    pub(super) fn uncounted(self) -> Self {
        match self {
            Self::Spawned(outcome, _) => Self::Spawned(outcome, None),
            // Its holders poll the exchange, and without them it would not go on.
            driven @ Self::Driven(_) => driven,
        }
    }

    /// Waits for the outcome.
    ///
    /// Dropping this future loses nothing of a spawned exchange, which goes on. A driven one is dropped with the last
    /// caller.
    pub(super) async fn wait(self) -> Outcome {
        match self {
            // The waiters are held until the end: they make this caller count.
            Self::Spawned(mut outcome, _waiters) => match outcome.wait_for(Option::is_some).await {
                Ok(arrived) => arrived.clone().unwrap_or_else(|| Err(interrupted())),
                Err(_) => Err(interrupted()),
            },
            Self::Driven(shared) => shared.await,
        }
    }
}

fn interrupted() -> Error {
    let message = "the exchange was cut off: its runtime shut down, or its identity was removed";
    Error::new(ErrorKind::Interrupted, message)
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, mpsc};

    use super::*;

    /// Reports, when it is dropped, whether callers can still join the flight.
    struct Observer {
        flight: Arc<Mutex<Option<Flight>>>,
        joinable: mpsc::Sender<bool>,
    }

    impl Drop for Observer {
        fn drop(&mut self) {
            let flight = self.flight.lock().unwrap();
            let _ = self.joinable.send(flight.as_ref().and_then(Flight::join).is_some());
        }
    }

    #[test]
    fn a_runtime_that_shuts_down_ends_the_flight_before_the_exchange() {
        for polls in [false, true] {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let flight = Arc::new(Mutex::new(None));
            let (joinable, seen) = mpsc::channel();
            let observer = Observer { flight: flight.clone(), joinable };
            let exchange = async move {
                let _observer = observer;
                std::future::pending().await
            };
            let (spawned, _outcome) = Flight::spawn(runtime.handle(), Waiters::default(), exchange);
            assert!(spawned.join().is_some());
            *flight.lock().unwrap() = Some(spawned);
            if polls {
                runtime.block_on(tokio::task::yield_now());
            }
            drop(runtime);
            assert_eq!(seen.recv(), Ok(false), "after a poll: {polls}");
        }
    }
}
