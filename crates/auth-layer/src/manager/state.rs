//! `State`: what a manager keeps behind its lock.

use super::failures::Failures;
use super::flight::{Flight, SharedOutcome};
use super::rejections::Rejections;
use crate::clock::Now;
use crate::sync::AtomicU64;
use crate::token::Generation;

/// The part of a manager's state that a request with a good token does not need.
#[derive(Debug)]
pub(super) struct State {
    /// The last exchange that was started. It may have ended, for example with its runtime: [`Flight::join`] tells.
    pub(super) flight: Option<Flight>,
    /// An exchange whose token is no longer wanted. The next exchange starts after its end.
    pub(super) must_finish_first: Option<SharedOutcome>,
    /// Incremented by [`forget`](super::TokenManager::forget). An exchange that was started under an older value
    /// discards its result.
    pub(super) forget_count: u64,
    /// The generation of the last token that was published.
    pub(super) last_generation: Generation,
    /// The failures since the last token.
    pub(super) failures: Failures,
    /// Set if the source has issued a token that was useless. The source is not asked before this moment, and callers
    /// without a token wait.
    pub(super) ask_not_before: Option<Now>,
    /// The last generation that was rejected while it was the current one.
    pub(super) last_rejected: Option<Generation>,
    /// Limits how often rejections start a renewal.
    pub(super) rejections: Rejections,
    /// The time when the current token was requested.
    pub(super) requested_at: Option<Now>,
    /// Set once the listener for needed sign-ins has been called; cleared by the next token.
    pub(super) sign_in_reported: bool,
    /// Set when the pool removes the identity. No caller gets a token afterwards.
    pub(super) retired: bool,
    pub(super) rng: fastrand::Rng,
}

/// The counters behind [`Stats`](super::Stats). A request with a good token changes none of them.
///
/// `failures` is counted with Release: a thread that sees the count also finds the backoff. No other value depends on
/// the others, so they are Relaxed.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) exchanges: AtomicU64,
    pub(super) failures: AtomicU64,
    pub(super) rejections: AtomicU64,
    pub(super) resends: AtomicU64,
}

/// The use of a manager, for a pool that looks for one to drop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Usage {
    /// Another handle of the manager exists, or an exchange runs.
    InUse,
    /// The last exchange failed, or the token was rejected, a short while ago. A new manager would not know that, and
    /// would ask the token endpoint too soon.
    FailedRecently,
    /// The manager can be made again. That costs one exchange.
    Evictable,
}

impl State {
    pub(super) fn new(rng: fastrand::Rng) -> Self {
        Self {
            flight: None,
            must_finish_first: None,
            forget_count: 0,
            last_generation: Generation(0),
            failures: Failures::default(),
            ask_not_before: None,
            last_rejected: None,
            rejections: Rejections::default(),
            requested_at: None,
            sign_in_reported: false,
            retired: false,
            rng,
        }
    }
}
