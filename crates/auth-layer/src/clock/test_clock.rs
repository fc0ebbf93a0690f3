//! `TestClock`: a clock that a test moves.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::clock::{Clock, Now, Sleep};

/// A clock that a test moves. Clones share one time.
///
/// ```
/// use auth_layer::{Clock, TestClock};
/// use std::time::Duration;
///
/// let clock = TestClock::new();
/// let expiry = clock.now() + Duration::from_secs(60);
/// clock.advance(Duration::from_secs(60));
/// assert!(clock.now().reached(expiry));
/// ```
#[derive(Clone, Debug)]
pub struct TestClock(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    monotonic: Duration,
    wall: Duration,
    sleepers: Vec<Sleeper>,
    /// The id of the last sleep.
    last_id: u64,
}

#[derive(Debug)]
struct Sleeper {
    id: u64,
    until: Duration,
    waker: Waker,
}

impl TestClock {
    /// Creates a clock at the start of the year 2026.
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            monotonic: Duration::from_secs(1_000),
            wall: Duration::from_secs(1_767_225_600),
            sleepers: Vec::new(),
            last_id: 0,
        })))
    }

    /// Moves both clocks by `duration`, and wakes the sleeps that are due.
    pub fn advance(&self, duration: Duration) {
        let mut state = self.lock();
        state.wall += duration;
        state.monotonic += duration;
        let now = state.monotonic;
        let due: Vec<Sleeper> = state.sleepers.extract_if(.., |sleeper| sleeper.until <= now).collect();
        // Released first: a waker may poll its future at once, and the future takes the lock.
        drop(state);
        due.into_iter().for_each(|sleeper| sleeper.waker.wake());
    }

    /// Moves only the wall clock, as while a machine is suspended.
    pub fn suspend(&self, duration: Duration) {
        self.lock().wall += duration;
    }

    /// Sets the wall clock back.
    pub fn set_back(&self, duration: Duration) {
        let mut state = self.lock();
        state.wall = state.wall.saturating_sub(duration);
    }

    /// Returns the number of sleeps that were polled and have not ended. A test can wait for a task to start its sleep.
    pub fn sleepers(&self) -> usize {
        self.lock().sleepers.len()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A poisoned lock is used on: a test that panicked has failed already.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for TestClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Now {
        let state = self.lock();
        Now::new(state.monotonic, state.wall)
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        let mut state = self.lock();
        state.last_id += 1;
        let (id, until) = (state.last_id, state.monotonic.saturating_add(duration));
        drop(state);
        Box::pin(Sleeping { clock: self.clone(), id, until })
    }
}

struct Sleeping {
    clock: TestClock,
    id: u64,
    until: Duration,
}

impl Future for Sleeping {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.clock.lock();
        if state.monotonic >= self.until {
            return Poll::Ready(());
        }
        let waker = cx.waker().clone();
        // A future may be polled again with another waker. Only the last one counts.
        match state.sleepers.iter_mut().find(|sleeper| sleeper.id == self.id) {
            Some(sleeper) => sleeper.waker = waker,
            None => state.sleepers.push(Sleeper { id: self.id, until: self.until, waker }),
        }
        Poll::Pending
    }
}

impl Drop for Sleeping {
    fn drop(&mut self) {
        self.clock.lock().sleepers.retain(|sleeper| sleeper.id != self.id);
    }
}
