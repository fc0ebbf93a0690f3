//! The primitives of a model: no build has them but that of `cargo xtask model`.

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

/// As much of `arc_swap::ArcSwapOption` as the slot needs, and no stronger: a store releases, a load acquires.
#[derive(Debug)]
pub(crate) struct ArcSwapOption<T> {
    latest: AtomicUsize,
    /// Every value there ever was. The model does not see this lock, under which nothing of it happens.
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

/// Whether there is a runtime to spawn flights on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runtime {
    /// A flight gets a thread of its own.
    Here,
    /// It has shut down: what is spawned on it is dropped.
    Dying,
    /// There is none: those who wait drive the flight.
    None,
}

impl Runtime {
    /// Makes this so for what follows, in one run of a model.
    pub fn set(self) {
        RUNTIME.set(self);
    }
}

/// Waits until all flights that were spawned have ended.
pub fn landed() {
    while let Some(flight) = FLIGHTS.with_borrow_mut(Vec::pop) {
        flight.join().expect("a flight catches what its source panics with");
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
            Runtime::Here => {
                let flight = engine::thread::spawn(move || {
                    // One that was aborted has nothing to tell.
                    let _ = block_on(task);
                });
                FLIGHTS.with_borrow_mut(|flights| flights.push(flight));
            }
            Runtime::Dying | Runtime::None => drop(task),
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

// An engine runs all of a model's threads on one of the system's.
thread_local! {
    static RUNTIME: Cell<Runtime> = const { Cell::new(Runtime::Here) };
    static FLIGHTS: RefCell<Vec<JoinHandle<()>>> = const { RefCell::new(Vec::new()) };
}
