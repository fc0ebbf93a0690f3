//! The primitives of a model. Only `cargo xtask model` builds them.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::sync::{Arc, PoisonError};

use futures_util::future::abortable;

#[cfg(auth_layer_model = "loom")]
use loom as engine;
#[cfg(auth_layer_model = "shuttle")]
use shuttle as engine;

use engine::sync::atomic::{AtomicUsize, Ordering};
use engine::thread::JoinHandle;

pub use engine::future::block_on;

pub(crate) use engine::sync::atomic::AtomicU64;
pub(crate) use engine::sync::{Mutex, MutexGuard};
pub(crate) use futures_util::future::AbortHandle;

/// The part of `arc_swap::ArcSwapOption` that the current token needs. A store releases and a load acquires.
/// More would hide missing orderings from a model.
#[derive(Debug)]
pub(crate) struct ArcSwapOption<T> {
    latest: AtomicUsize,
    /// All values so far. The model does not see this lock, so it adds no ordering. No step of a model runs under it.
    values: std::sync::Mutex<Vec<Option<Arc<T>>>>,
}

impl<T> ArcSwapOption<T> {
    pub(crate) fn empty() -> Self {
        Self { latest: AtomicUsize::new(0), values: std::sync::Mutex::new(vec![None]) }
    }

    pub(crate) fn load(&self) -> Option<Arc<T>> {
        let latest = self.latest.load(Ordering::Acquire);
        self.values.lock().unwrap_or_else(PoisonError::into_inner)[latest].clone()
    }

    pub(crate) fn load_full(&self) -> Option<Arc<T>> {
        self.load()
    }

    pub(crate) fn store(&self, value: Option<Arc<T>>) {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        values.push(value);
        let latest = values.len() - 1;
        drop(values);
        self.latest.store(latest, Ordering::Release);
    }
}

/// The runtime that a model has for exchanges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runtime {
    /// Each exchange gets a thread of its own.
    Running,
    /// It has shut down: a task that is spawned is dropped.
    ShutDown,
    /// Without a runtime, the callers that wait poll the exchange.
    None,
}

impl Runtime {
    /// Sets the runtime for the next steps of one run of a model.
    pub fn set(self) {
        RUNTIME.set(self);
    }
}

/// Waits until all exchanges that were spawned have ended.
pub fn join_exchanges() {
    while let Some(exchange) = EXCHANGES.with_borrow_mut(Vec::pop) {
        exchange.join().expect("an exchange catches the panics of its source");
    }
}

pub(crate) struct Handle(());

impl Handle {
    pub(crate) fn try_current() -> Result<Self, ()> {
        if RUNTIME.get() == Runtime::None { Err(()) } else { Ok(Self(())) }
    }

    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> Task {
        let (task, abort) = abortable(task);
        match RUNTIME.get() {
            Runtime::Running => {
                let exchange = engine::thread::spawn(move || {
                    // The error says that the task was aborted. A model may do that.
                    let _ = block_on(task);
                });
                EXCHANGES.with_borrow_mut(|exchanges| exchanges.push(exchange));
            }
            Runtime::ShutDown | Runtime::None => drop(task),
        }
        Task(abort)
    }
}

pub(crate) struct Task(AbortHandle);

impl Task {
    pub(crate) fn abort_handle(&self) -> AbortHandle {
        self.0.clone()
    }
}

// An engine runs all threads of a model on one thread of the system, so all of them share these.
thread_local! {
    static RUNTIME: Cell<Runtime> = const { Cell::new(Runtime::Running) };
    static EXCHANGES: RefCell<Vec<JoinHandle<()>>> = const { RefCell::new(Vec::new()) };
}
