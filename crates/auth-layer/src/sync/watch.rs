//! The part of tokio's watch channel that an exchange needs, for loom. Tokio's own channel wakes receivers in random
//! order, and loom needs each run to be repeatable.

use std::future::poll_fn;
use std::sync::{Arc, PoisonError};
use std::task::{Poll, Waker};

use super::model::{Mutex, MutexGuard};

pub(crate) fn channel<T>(value: T) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared(Mutex::new(State { value, closed: false, waiting: Vec::new() })));
    (Sender(shared.clone()), Receiver(shared))
}

#[derive(Debug)]
pub(crate) struct Sender<T>(Arc<Shared<T>>);

#[derive(Clone, Debug)]
pub(crate) struct Receiver<T>(Arc<Shared<T>>);

#[derive(Debug)]
struct Shared<T>(Mutex<State<T>>);

#[derive(Debug)]
struct State<T> {
    value: T,
    closed: bool,
    waiting: Vec<Waker>,
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State<T>)) {
        let mut state = self.lock();
        change(&mut state);
        let waiting = std::mem::take(&mut state.waiting);
        // A waker may poll its task at once, which takes the lock again.
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }
}

impl<T> Sender<T> {
    pub(crate) fn send_replace(&self, value: T) {
        self.0.change(|state| state.value = value);
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.change(|state| state.closed = true);
    }
}

impl<T: Clone> Receiver<T> {
    pub(crate) fn borrow(&self) -> T {
        self.0.lock().value.clone()
    }

    pub(crate) fn has_changed(&self) -> Result<(), Closed> {
        if self.0.lock().closed { Err(Closed) } else { Ok(()) }
    }

    pub(crate) async fn wait_for(&mut self, done: impl Fn(&T) -> bool) -> Result<T, Closed> {
        poll_fn(|cx| {
            let mut state = self.0.lock();
            if done(&state.value) {
                return Poll::Ready(Ok(state.value.clone()));
            }
            if state.closed {
                return Poll::Ready(Err(Closed));
            }
            // Registered under the lock, so that no change comes between the look and the registration.
            state.waiting.push(cx.waker().clone());
            Poll::Pending
        })
        .await
    }
}

/// The error for a sender that was dropped.
pub(crate) struct Closed;
