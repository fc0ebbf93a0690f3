//! Answers callers: with the current token, or with an exchange that runs or that starts now.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::attempt::Attempt;
use super::current_token::{Age, Token};
use super::flight::{Flight, Outcome, SharedOutcome, Waiters};
use super::keeper::{EXCHANGE_RUNS, Keeper, nanos, retired};
use super::state::State;
use crate::clock::Now;
use crate::error::{Error, ErrorKind};
use crate::source::TokenRequest;
use crate::sync::Handle;
use crate::token::Generation;

/// The answer to a caller that needs a token.
#[derive(Debug)]
pub(super) enum TokenOrWait {
    Token(Arc<Token>),
    Wait(SharedOutcome),
}

impl TokenOrWait {
    /// Returns the token, or waits for it.
    pub(super) async fn outcome(self) -> Outcome {
        match self {
            Self::Token(token) => Ok(token),
            Self::Wait(outcome) => outcome.wait().await,
        }
    }
}

impl Keeper {
    /// Returns the current token, if it has not expired. If the token is stale, one caller starts a renewal. The others
    /// take no lock and allocate nothing.
    ///
    /// `seen` is the token that the caller got last. It is replaced if there is a newer one.
    #[inline]
    pub(super) fn cached_token<'a>(
        self: &Arc<Self>,
        seen: &'a mut Option<Arc<Token>>,
    ) -> Option<&'a Arc<Token>> {
        // Acquire pairs with the Release stores of `publish` and `clear_token`. A thread that reads a version also sees
        // the write of `current` that came before it.
        let version = self.current_version.load(Ordering::Acquire);
        if seen.as_ref().is_none_or(|token| token.version != version) {
            *seen = self.current_token();
        }
        let token = seen.as_ref()?;
        let now = self.clock.now();
        match token.age(now) {
            Age::Fresh => {}
            Age::Stale => self.renew_early(now),
            Age::Expired => return None,
        }
        Some(token)
    }

    /// Starts a renewal of a stale token, unless one runs, the last one was too short a while ago, or there is no
    /// runtime to run it on.
    #[cold]
    fn renew_early(self: &Arc<Self>, now: Now) {
        // Relaxed here and below: this number only chooses the caller that takes the lock. Everything that this caller
        // reads afterwards is protected by the lock.
        let seen = self.renewal_not_before.load(Ordering::Relaxed);
        if nanos(now) < seen {
            return;
        }
        let Ok(runtime) = Handle::try_current() else { return };
        // The caller whose compare-exchange succeeds starts the renewal. The others go on with the stale token, and
        // none of them waits for the lock.
        let claimed = self.renewal_not_before.compare_exchange(
            seen,
            EXCHANGE_RUNS,
            Ordering::Relaxed,
            Ordering::Relaxed,
        );
        if claimed.is_err() {
            return;
        }
        let mut state = self.lock();
        if state.flight.as_ref().and_then(Flight::join).is_some() {
            // The exchange that runs sets the next time when it ends.
            return;
        }
        // An exchange may have ended since this caller read the token.
        let stale = self.current_token().is_some_and(|token| token.age(now) == Age::Stale);
        let failed = state.failures.remembered_until(now).is_some();
        if stale && (!failed || state.failures.may_check(now)) {
            self.start_exchange(&mut state, now, Some(&runtime), TokenRequest::new());
        } else {
            // No exchange will set the next time. Otherwise `EXCHANGE_RUNS` would stay, and no stale token would ever
            // be renewed early again.
            let next = state.failures.quiet_until().map_or(seen, nanos);
            let _ = self.renewal_not_before.compare_exchange(
                EXCHANGE_RUNS,
                next,
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
        }
    }

    /// Returns the current token, or a wait for the next one. If a failure is still remembered, it is returned.
    pub(super) fn token_or_wait(self: &Arc<Self>) -> Result<TokenOrWait, Error> {
        let mut state = self.lock();
        let now = self.clock.now();
        // An exchange may have ended since the caller found no token. Without this look it would cost a second one.
        if let Some(token) = self.current_token().filter(|token| token.age(now) != Age::Expired) {
            return Ok(TokenOrWait::Token(token));
        }
        self.join_or_start(&mut state, now, TokenRequest::new()).map(TokenOrWait::Wait)
    }

    /// Decides about a rejected token. Returns another token, or a wait for one. `None` if no renewal may start now.
    pub(super) fn reject(self: &Arc<Self>, rejected: Generation) -> Option<TokenOrWait> {
        // Relaxed: a counter that no other value depends on.
        self.counts.rejections.fetch_add(1, Ordering::Relaxed);
        let mut state = self.lock();
        let now = self.clock.now();
        let current = self.current_token();
        let Some(current) = current.filter(|token| token.age(now) != Age::Expired) else {
            // The token has expired as well, so this caller needs a token like any other.
            return self.join_or_start(&mut state, now, TokenRequest::new()).map(TokenOrWait::Wait).ok();
        };
        if current.generation > rejected {
            return Some(TokenOrWait::Token(current));
        }
        state.last_rejected = Some(current.generation);
        if let Some(outcome) = state.flight.as_ref().and_then(Flight::join) {
            // That exchange may not know of the rejection. A refresh still does not take this token from the store,
            // because it is the token that the refresh returned last (`Memory::last_issued`).
            return Some(TokenOrWait::Wait(outcome));
        }
        let lifetime = state.requested_at.map_or(Duration::ZERO, |asked| asked.until(current.expires_at));
        // Relaxed: no other value is read because of this one. A response that raises it at this very moment may count
        // or not, since the two have no order.
        let accepted = self.accepted_generation.load(Ordering::Relaxed);
        if !state.rejections.may_renew(now, lifetime, accepted >= current.generation.0) {
            return None;
        }
        let request = TokenRequest::after_rejection(current.token.clone());
        let outcome = self.join_or_start(&mut state, now, request).ok()?;
        state.rejections.started(now);
        Some(TokenOrWait::Wait(outcome))
    }

    /// Renews the token even if it is still good. The caller does not count as one that waits for a token.
    pub(super) async fn renew(self: &Arc<Self>) -> Outcome {
        // The lock is released at the end of this statement, before the await.
        let outcome = self.join_or_start(&mut self.lock(), self.clock.now(), TokenRequest::new())?;
        outcome.uncounted().wait().await
    }

    /// Joins the exchange that runs, or starts one. While a failure is remembered, it returns that failure instead.
    /// Then, at most once a second, one caller starts a check whether the secret or the stored sign-in has changed.
    fn join_or_start(
        self: &Arc<Self>,
        state: &mut State,
        now: Now,
        request: TokenRequest,
    ) -> Result<SharedOutcome, Error> {
        if state.retired {
            return Err(retired());
        }
        let joined = state.flight.as_ref().and_then(Flight::join);
        match (state.failures.remembered(now), joined) {
            // A check may take long, for example if a secret store is slow. The other callers do not wait for it.
            (Some(error), joined) if joined.is_some() || !state.failures.may_check(now) => {
                return Err(error);
            }
            (None, Some(outcome)) => return Ok(outcome),
            _ => {}
        }
        let runtime = Handle::try_current().ok();
        self.start_exchange(state, now, runtime.as_ref(), request)
            .ok_or_else(|| Error::new(ErrorKind::Interrupted, "the exchange could not be started"))
    }

    fn start_exchange(
        self: &Arc<Self>,
        state: &mut State,
        now: Now,
        runtime: Option<&Handle>,
        request: TokenRequest,
    ) -> Option<SharedOutcome> {
        // Relaxed: the number only keeps other callers from taking the lock for nothing.
        self.renewal_not_before.store(EXCHANGE_RUNS, Ordering::Relaxed);
        let waiters = Waiters::default();
        let attempt = Attempt {
            request,
            forget_count: state.forget_count,
            is_check: state.failures.begin(now),
            waiters: runtime.is_some().then(|| waiters.clone()),
            must_finish_first: state.must_finish_first.take(),
        };
        let exchange = self.clone().exchange(attempt);
        let (flight, outcome) = match runtime {
            Some(runtime) => Flight::spawn(runtime, waiters, exchange),
            None => Flight::driven(exchange)?,
        };
        // The lock is held since the look for a flight, so that two callers cannot start two exchanges.
        state.flight = Some(flight);
        Some(outcome)
    }
}
