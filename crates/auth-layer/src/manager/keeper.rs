//! `Keeper`: the state that all handles of one manager share.
//!
//! It has two parts:
//!
//! - Atomics: the current token with its version, the time of the next early renewal, and the newest generation that an
//!   API has accepted. A request with a good token reads only these.
//! - [`State`] behind a lock. The lock is taken when a token is missing, stale or rejected, and when an exchange ends.
//!
//! The current token changes only under the lock. So a thread that holds the lock sees a token, a flight and failures
//! that belong together.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::current_token::Token;
use super::flight::Flight;
use super::renewal::Renewal;
use super::sign_in_listener::SignInListener;
use super::state::{Counts, State, Usage};
use crate::clock::{Clock, Now};
use crate::error::{Error, ErrorKind};
use crate::source::TokenSource;
use crate::sync::{ArcSwapOption, AtomicU64, Mutex, MutexGuard};
use crate::token::Generation;

#[derive(Debug)]
pub(super) struct Keeper {
    /// The current token. It is read without the lock of `state`, and written under it.
    pub(super) current: ArcSwapOption<Token>,
    /// The version of `current`, increased after each write. A caller whose token has this version need not read
    /// `current`.
    pub(super) current_version: AtomicU64,
    /// The monotonic time, in nanoseconds, before which a stale token starts no renewal. It is [`EXCHANGE_RUNS`] during
    /// an exchange.
    pub(super) renewal_not_before: AtomicU64,
    /// The newest generation that an API has accepted: it answered with anything but a rejection.
    pub(super) accepted_generation: AtomicU64,
    pub(super) source: Box<dyn TokenSource>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) renewal: Renewal,
    pub(super) sign_in_listener: SignInListener,
    pub(super) state: Mutex<State>,
    pub(super) counts: Counts,
}

impl Keeper {
    pub(super) fn new(
        source: Box<dyn TokenSource>,
        clock: Arc<dyn Clock>,
        renewal: Renewal,
        rng: fastrand::Rng,
        sign_in_listener: SignInListener,
    ) -> Self {
        Self {
            current: ArcSwapOption::empty(),
            current_version: AtomicU64::new(0),
            renewal_not_before: AtomicU64::new(0),
            accepted_generation: AtomicU64::new(0),
            source,
            clock,
            renewal,
            sign_in_listener,
            state: Mutex::new(State::new(rng)),
            counts: Counts::default(),
        }
    }

    pub(super) fn current_token(&self) -> Option<Arc<Token>> {
        self.current.load_full()
    }

    /// Returns the time until the current token expires. Zero if it has expired, or if there is no token.
    pub(super) fn time_left(&self) -> Duration {
        self.current_token().map_or(Duration::ZERO, |token| self.clock.now().until(token.expires_at))
    }

    /// Notes that an API accepted the token of this generation. It is called for every accepted response, so it takes
    /// no lock, and writes once for each generation.
    #[inline]
    pub(super) fn accept(&self, generation: Generation) {
        // Relaxed: no other value is read because of this one. The load comes first, since a write for each response
        // would move the cache line between all cores.
        if self.accepted_generation.load(Ordering::Relaxed) < generation.0 {
            self.accepted_generation.fetch_max(generation.0, Ordering::Relaxed);
        }
    }

    /// Notes that a request is about to be sent again with the token of this generation.
    pub(super) fn resending(&self, generation: Generation) {
        self.lock().rejections.resending(generation);
    }

    /// Notes how the API answered a request that was sent again with the token of this generation.
    pub(super) fn resent(&self, generation: Generation, was_accepted: bool) {
        if was_accepted {
            self.accept(generation);
        }
        self.lock().rejections.resent(generation, was_accepted);
    }

    /// Returns how long it is until `span` has passed since the current token was requested. Zero if it was requested
    /// earlier, or if there was no token yet.
    pub(super) fn until_requested_for(&self, span: Duration) -> Duration {
        let requested_at = self.lock().requested_at;
        requested_at.map_or(Duration::ZERO, |requested_at| self.clock.now().until(requested_at + span))
    }

    /// Returns whether the holder of the only handle may drop this manager.
    pub(super) fn usage(&self) -> Usage {
        let mut state = self.lock();
        let now = self.clock.now();
        if state.flight.as_ref().and_then(Flight::join).is_some() {
            Usage::InUse
        } else if state.failures.are_recent(now) || state.rejections.are_recent(now) {
            Usage::FailedRecently
        } else {
            Usage::Evictable
        }
    }

    /// Forgets the token and the failures, so that the next caller starts an exchange. The result of an exchange that
    /// runs is discarded.
    pub(super) fn forget(&self) {
        let mut state = self.lock();
        state.forget_count += 1;
        if let Some(flight) = state.flight.take() {
            if self.source.must_finish() {
                // It redeems a refresh token. If it were aborted, the new refresh token in the answer would be lost.
                state.must_finish_first = flight.join().or(state.must_finish_first.take());
            } else {
                flight.abort();
            }
        }
        state.failures = Default::default();
        state.ask_not_before = None;
        state.rejections.forget();
        self.clear_token(&state);
        // Relaxed: see `renew_early`.
        self.renewal_not_before.store(0, Ordering::Relaxed);
    }

    /// Removes the current token. The argument proves that the caller holds the lock.
    pub(super) fn clear_token(&self, _held: &State) {
        self.current.store(None);
        // Relaxed: all writes of the version are made under the lock. Release: a thread that reads the new version must
        // see that the token is gone.
        let version = self.current_version.load(Ordering::Relaxed) + 1;
        self.current_version.store(version, Ordering::Release);
    }

    /// Forgets the token for good. No caller gets a token afterwards, not even from an exchange that ends later.
    pub(super) fn retire(&self) {
        let mut state = self.lock();
        state.retired = true;
        self.clear_token(&state);
        // `abort_flight` takes the lock again.
        drop(state);
        self.abort_flight();
    }

    /// Aborts the exchange of a manager that no caller holds any more, unless the exchange must finish.
    pub(super) fn abort_flight(&self) {
        if !self.source.must_finish()
            && let Some(flight) = self.lock().flight.take()
        {
            flight.abort();
        }
    }

    /// Locks the state. The lock is held for a few steps and never across an await, so that no thread waits long for
    /// it.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // A panic under the lock leaves no half-made change, so a poisoned state is still good.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn retired() -> Error {
    Error::new(ErrorKind::Interrupted, "the identity was removed from its pool; ask the pool again")
}

/// Converts a time into the number for [`Keeper::renewal_not_before`].
pub(super) fn nanos(now: Now) -> u64 {
    u64::try_from(now.monotonic().as_nanos()).unwrap_or(EXCHANGE_RUNS - 1)
}

/// The value of [`Keeper::renewal_not_before`] during an exchange: a time that never comes.
pub(super) const EXCHANGE_RUNS: u64 = u64::MAX;
