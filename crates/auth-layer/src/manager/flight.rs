//! `Flight`: many callers, one exchange, one shared outcome.

use std::future::Future;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};

use super::slot::Token;
use crate::error::{Error, ErrorKind};
use crate::sync::{AbortHandle, Handle, watch};

/// What all who wait get.
pub(super) type Outcome = Result<Arc<Token>, Error>;

/// An exchange in the air, as its manager holds it.
#[derive(Debug)]
pub(super) enum Flight {
    /// It runs in a task of its own.
    Spawned { outcome: watch::Receiver<Option<Outcome>>, task: AbortHandle, waiters: Waiters },
    /// There was no runtime: those who wait drive it, and it ends with the last of them.
    Driven(WeakShared<BoxFuture<'static, Outcome>>),
}

/// A seat on a flight, as a caller holds it.
#[derive(Debug)]
pub(super) enum Seat {
    /// The waiters are `None` if the holder does not count as one.
    Spawned(watch::Receiver<Option<Outcome>>, Option<Waiters>),
    Driven(Shared<BoxFuture<'static, Outcome>>),
}

/// Tells an exchange whether a caller waits for it. Each counted seat holds a clone, and so do the flight and the exchange.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiters(Arc<()>);

impl Waiters {
    /// Whether a caller waits. It is exact under the manager's lock, since callers join under it.
    pub(super) fn any(&self) -> bool {
        // The flight and the exchange that asks hold one each.
        Arc::strong_count(&self.0) > 2
    }
}

impl Flight {
    /// Starts on the runtime this is called from.
    pub(super) fn spawn(
        runtime: &Handle,
        waiters: Waiters,
        exchange: impl Future<Output = Outcome> + Send + 'static,
    ) -> (Self, Seat) {
        let (sender, outcome) = watch::channel(None);
        let task = runtime.spawn(async move {
            let arrived = exchange.await;
            sender.send_replace(Some(arrived));
        });
        let seat = Seat::Spawned(outcome.clone(), Some(waiters.clone()));
        (Self::Spawned { outcome, task: task.abort_handle(), waiters }, seat)
    }

    /// Starts when the first who waits is polled.
    pub(super) fn driven(exchange: impl Future<Output = Outcome> + Send + 'static) -> Option<(Self, Seat)> {
        let shared = exchange.boxed().shared();
        let flight = Self::Driven(shared.downgrade()?);
        Some((flight, Seat::Driven(shared)))
    }

    /// Takes a seat, unless the flight is over or its runtime has shut down under it.
    pub(super) fn join(&self) -> Option<Seat> {
        match self {
            Self::Spawned { outcome, waiters, .. } => {
                let in_the_air = outcome.borrow().is_none() && outcome.has_changed().is_ok();
                in_the_air.then(|| Seat::Spawned(outcome.clone(), Some(waiters.clone())))
            }
            Self::Driven(weak) => weak.upgrade().filter(|shared| shared.peek().is_none()).map(Seat::Driven),
        }
    }

    /// Ends it where it is.
    pub(super) fn abort(&self) {
        if let Self::Spawned { task, .. } = self {
            task.abort();
        }
    }
}

impl Seat {
    /// The same seat for a holder that does not count as a caller who waits.
    pub(super) fn uncounted(self) -> Self {
        match self {
            Self::Spawned(outcome, _) => Self::Spawned(outcome, None),
            // Its holders drive it, and it ends with the last of them.
            driven @ Self::Driven(_) => driven,
        }
    }

    /// Waits for the outcome. Dropping this leaves a spawned flight running.
    pub(super) async fn outcome(self) -> Outcome {
        match self {
            Self::Spawned(mut outcome, _waiting) => match outcome.wait_for(Option::is_some).await {
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
