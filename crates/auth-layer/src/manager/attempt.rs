//! One exchange, from the call of the source to the state that the manager keeps of its outcome.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt;

use super::current_token::{Age, Token, WORTH_USING};
use super::flight::{Outcome, SharedOutcome, Waiters};
use super::keeper::{EXCHANGE_RUNS, Keeper, nanos, retired};
use super::panicked::panicked;
use crate::clock::Now;
use crate::error::{Error, ErrorKind};
use crate::source::{IssuedToken, TokenRequest};
use crate::token::Generation;

/// How an exchange was started, and for whom.
pub(super) struct Attempt {
    pub(super) request: TokenRequest,
    /// The value of the manager's `forget_count`. If it has changed at the end, the result is discarded.
    pub(super) forget_count: u64,
    /// A failure is remembered. The source is asked only if something has changed since.
    pub(super) is_check: bool,
    /// The callers that wait for the token. `None` without a runtime: there is then no timer for a pause.
    pub(super) waiters: Option<Waiters>,
    /// Another exchange that must end before this one begins.
    pub(super) must_finish_first: Option<SharedOutcome>,
}

impl Keeper {
    /// Returns the exchange as a future. It records its outcome in the manager before it returns it.
    pub(super) fn exchange(
        self: Arc<Self>,
        mut attempt: Attempt,
    ) -> impl Future<Output = Outcome> + Send + use<> {
        // Made outside of the future. So early renewals are possible again even if the future is dropped before its
        // first poll, with its runtime or with the last caller that drives it.
        let guard = AllowRenewalOnDrop(self);
        async move {
            let keeper = &*guard.0;
            if let Some(earlier) = attempt.must_finish_first.take() {
                // Its outcome belongs to a token that was forgotten. Only its end matters: it may redeem a refresh
                // token, and the next exchange needs the one that it stores.
                let _ = earlier.wait().await;
            }
            if attempt.is_check {
                keeper.check(&attempt).await?;
            }
            keeper.request_token(&attempt).await
        }
    }

    /// Returns the remembered failure, unless the source would send something else by now.
    async fn check(&self, attempt: &Attempt) -> Result<(), Error> {
        // The source is called inside the future, because it may panic before it has made its own future.
        let checking = async {
            match self.source.has_changed() {
                Some(checking) => checking.await,
                None => false,
            }
        };
        let changed = AssertUnwindSafe(checking).catch_unwind().await.unwrap_or(false);
        let mut state = self.lock();
        if state.forget_count != attempt.forget_count {
            return Err(forgotten());
        }
        let Some(error) = state.failures.end_check(changed, self.clock.now()) else { return Ok(()) };
        state.flight = None;
        // Relaxed: see `Keeper::renew_early`. This holds for every store to this number.
        self.renewal_not_before.store(state.failures.quiet_until().map_or(0, nanos), Ordering::Relaxed);
        Err(error)
    }

    /// Asks the source for a token. Asks again as long as callers wait and the tokens that arrive have expired.
    async fn request_token(&self, attempt: &Attempt) -> Outcome {
        let mut first_useless: Option<Now> = None;
        loop {
            self.pause(attempt).await;
            if let Some(since) = first_useless {
                self.check_still_wanted(attempt, since)?;
            }
            // Relaxed: a counter that no other value depends on.
            self.counts.exchanges.fetch_add(1, Ordering::Relaxed);
            // The source is called inside the future, because it may panic before it has made its own future.
            let asking = async { self.source.token(&attempt.request).await };
            let result = AssertUnwindSafe(asking).catch_unwind().await;
            let result = result.unwrap_or_else(|payload| Err(panicked(&*payload)));
            let issued = match result {
                Ok(issued) => issued,
                Err(error) => return Err(self.record_failure(error, attempt)),
            };
            let (now, end) = (self.clock.now(), issued.asked + issued.lifetime);
            let is_short = now.until(end) < WORTH_USING;
            if is_short {
                self.lock().ask_not_before = Some(now + ASK_EVERY);
            }
            // If the second token is as short, the server issues only short ones. It is used while it lasts.
            if now.reached(end) || is_short && first_useless.is_none() && attempt.waiters.is_some() {
                self.discard_expired(&issued, attempt, first_useless.is_none())?;
                first_useless = first_useless.or(Some(now));
            } else {
                return self.publish(issued, attempt);
            }
        }
    }

    /// Waits until the source may be asked. Returns at once if there is no timer.
    async fn pause(&self, attempt: &Attempt) {
        // Copied out of the lock, which must not be held during the sleep.
        let not_before = self.lock().ask_not_before;
        let now = self.clock.now();
        if let Some(not_before) = not_before
            && attempt.waiters.is_some()
            && !now.reached(not_before)
        {
            self.clock.sleep(now.until(not_before)).await;
        }
    }

    /// Discards a token that had expired when it arrived. Returns `Ok` if the source is to be asked for another one.
    fn discard_expired(&self, issued: &IssuedToken, attempt: &Attempt, is_first: bool) -> Result<(), Error> {
        if is_first {
            tracing::warn!(lifetime = ?issued.lifetime, "{EXPIRED_ON_ARRIVAL}");
        }
        let error = expired_on_arrival();
        let mut state = self.lock();
        let now = self.clock.now();
        let is_usable = |token: &Arc<Token>| {
            token.age(now) != Age::Expired
                && state.last_rejected.is_none_or(|rejected| rejected < token.generation)
        };
        let is_early = self.current_token().as_ref().is_some_and(is_usable);
        if attempt.waiters.is_none() && !is_early {
            // `record_failure` takes the lock again.
            drop(state);
            return Err(self.record_failure(error, attempt));
        }
        // Release pairs with the Acquire load in `TokenManager::stats`.
        self.counts.failures.fetch_add(1, Ordering::Release);
        if !is_early || state.retired || state.forget_count != attempt.forget_count {
            // `check_still_wanted` decides after the pause whether to go on, since callers may leave meanwhile.
            return Ok(());
        }
        // The older token is still good, so callers need not know of this failure.
        let state = &mut *state;
        let backoff = state.failures.postpone(&error, &mut state.rng);
        state.flight = None;
        self.renewal_not_before.store(nanos(now + backoff), Ordering::Relaxed);
        Err(error)
    }

    /// Ends the exchange if no caller waits for its token any more, or if it has gone on for too long.
    fn check_still_wanted(&self, attempt: &Attempt, since: Now) -> Result<(), Error> {
        let mut state = self.lock();
        if state.retired {
            return Err(retired());
        }
        if state.forget_count != attempt.forget_count {
            return Err(forgotten());
        }
        let now = self.clock.now();
        // Callers join under the lock. So none can join between this look and the end of the flight, and miss the
        // outcome.
        if !attempt.waiters.as_ref().is_some_and(Waiters::any) {
            state.flight = None;
            self.renewal_not_before.store(nanos(now), Ordering::Relaxed);
            return Err(expired_on_arrival());
        }
        if now.monotonic().saturating_sub(since.monotonic()) < LONGEST_WAIT {
            return Ok(());
        }
        // `record_failure` takes the lock again.
        drop(state);
        Err(self.record_failure(expired_on_arrival(), attempt))
    }

    /// Makes a token the current one, unless `forget` or `retire` was called during the exchange.
    fn publish(&self, issued: IssuedToken, attempt: &Attempt) -> Outcome {
        let mut state = self.lock();
        // In both cases the access token is lost on purpose. A new refresh token is not: the source stored it before it
        // returned.
        if state.retired {
            return Err(retired());
        }
        if state.forget_count != attempt.forget_count {
            return Err(forgotten());
        }
        let old = self.current_token();
        let same = old.as_ref().filter(|old| old.token == issued.token);
        let generation = same.map_or(Generation(state.last_generation.0 + 1), |same| same.generation);
        state.last_generation = generation;
        let renew_after = self.renewal.renew_after(issued.lifetime, &mut state.rng);
        // Relaxed: all writes of the version are made under the lock.
        let version = self.current_version.load(Ordering::Relaxed) + 1;
        let token = Arc::new(Token {
            generation,
            version,
            scope: issued.scope,
            kept: issued.kept,
            origin: issued.origin,
            renew_from: issued.asked + renew_after,
            expires_at: issued.asked + issued.lifetime,
            token: issued.token,
        });
        let now = self.clock.now();
        // A source that has nothing newer yet is not asked again at once.
        let has_newer = same.is_none() && token.age(now) == Age::Fresh;
        let renewal_not_before = if has_newer { now } else { now + SAME_AGAIN };
        if attempt.request.rejected().is_some() {
            // Noted for a success only: after a failed renewal the backoff alone decides.
            let state = &mut *state;
            state.rejections.renewed(now, generation, issued.lifetime, &mut state.rng);
        }
        // The token is written before its version, and the version with Release. A thread that reads the version with
        // Acquire then finds this token or a newer one.
        self.current.store(Some(token.clone()));
        self.current_version.store(version, Ordering::Release);
        state.requested_at = Some(issued.asked);
        state.sign_in_reported = false;
        state.failures = Default::default();
        state.flight = None;
        self.renewal_not_before.store(nanos(renewal_not_before), Ordering::Relaxed);
        // Log subscribers are code of the application, and do not run under the lock.
        drop(state);
        tracing::debug!(%generation, lifetime = ?issued.lifetime, "got a token");
        Ok(token)
    }

    /// Remembers a failure, and calls the listener for needed sign-ins. Returns the failure.
    fn record_failure(&self, error: Error, attempt: &Attempt) -> Error {
        // Asked before the lock is taken, since this is code of the source. It may panic, and the failure must be
        // remembered even then: otherwise each caller would start another exchange at once.
        let asking = AssertUnwindSafe(|| self.source.has_changed().is_some());
        let source_can_change = catch_unwind(asking).unwrap_or(false);
        let mut guard = self.lock();
        if guard.forget_count != attempt.forget_count {
            return error;
        }
        let state = &mut *guard;
        let now = self.clock.now();
        let (failures, backoff) = state.failures.remember(&error, now, source_can_change, &mut state.rng);
        state.flight = None;
        let needs_sign_in = error.kind() == ErrorKind::SignInAgain;
        if needs_sign_in && attempt.request.rejected().is_some() {
            // The token is rejected, and no other one will follow. The next callers get this error instead of the token
            // and its rejection.
            self.clear_token(state);
        }
        let is_reported = !needs_sign_in || std::mem::replace(&mut state.sign_in_reported, true);
        self.renewal_not_before.store(state.failures.quiet_until().map_or(0, nanos), Ordering::Relaxed);
        // The listener is code of the application, which may call this manager. Under the lock that would deadlock.
        drop(guard);
        if !is_reported {
            self.sign_in_listener.call(&error);
        }
        // Counted last, with Release: a thread that sees the count with Acquire also finds that the backoff has begun.
        self.counts.failures.fetch_add(1, Ordering::Release);
        tracing::warn!(%error, failures, ?backoff, "got no token");
        error
    }
}

/// Makes early renewals possible again if an exchange is dropped before its end.
struct AllowRenewalOnDrop(Arc<Keeper>);

impl Drop for AllowRenewalOnDrop {
    fn drop(&mut self) {
        let not_before = &self.0.renewal_not_before;
        // An exchange that came to its end has stored a time, and this compare-exchange then fails. After `forget`, it
        // may succeed during a newer exchange. Then one caller takes the lock for nothing, and finds the newer flight.
        let _ = not_before.compare_exchange(EXCHANGE_RUNS, 0, Ordering::Relaxed, Ordering::Relaxed);
    }
}

fn forgotten() -> Error {
    Error::new(ErrorKind::Interrupted, "the token was forgotten while it was on its way")
}

fn expired_on_arrival() -> Error {
    Error::new(ErrorKind::InvalidAnswer, EXPIRED_ON_ARRIVAL).with_transience(true)
}

const EXPIRED_ON_ARRIVAL: &str = "the token had expired when it arrived; \
     check the clock of this host, and the lifetime that the server gives to tokens";

/// The pause after a source issued the same token again, or one that is already stale.
const SAME_AGAIN: Duration = Duration::from_secs(10);

/// A source that issues useless tokens is asked once in this time at most.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// A caller without a deadline gets an error after this time. Callers with a deadline have a shorter one.
const LONGEST_WAIT: Duration = Duration::from_secs(900);
