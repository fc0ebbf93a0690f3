//! One exchange, from asking the source to what the manager keeps of its outcome.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt;

use super::flight::{Outcome, Seat, Waiters};
use super::keeper::{CLOSED, Keeper, nanos, retired};
use super::panicked::panicked;
use super::slot::{Age, Token};
use crate::clock::Now;
use crate::error::{Error, ErrorKind};
use crate::source::{IssuedToken, TokenRequest};
use crate::token::Generation;

/// What an exchange is told when it starts.
pub(super) struct Attempt {
    pub(super) request: TokenRequest,
    /// How often everything had been forgotten.
    pub(super) forgotten: u64,
    /// A failure is remembered, and the source is asked only if something has changed since.
    pub(super) is_check: bool,
    /// Those who wait for it; `None` where there is no runtime, and so no timer to wait with.
    pub(super) waiters: Option<Waiters>,
    /// The exchange that must be over before this one begins.
    pub(super) before: Option<Seat>,
}

impl Keeper {
    /// The exchange itself, and what is kept of it.
    pub(super) fn fly(self: Arc<Self>, mut attempt: Attempt) -> impl Future<Output = Outcome> + Send + use<> {
        // A flight that is dropped, with its runtime or its last driver, opens the gate again: even one that never
        // began.
        let gate = Reopen(self);
        async move {
            let keeper = &*gate.0;
            if let Some(before) = attempt.before.take() {
                let _ = before.outcome().await;
            }
            if attempt.is_check {
                keeper.check(&attempt).await?;
            }
            keeper.ask(&attempt).await
        }
    }

    /// Ends with the remembered failure, unless the source would send something else by now.
    async fn check(&self, attempt: &Attempt) -> Result<(), Error> {
        // The call is inside, since a source may panic before it has made a future.
        let checking = async {
            match self.source.has_changed() {
                Some(checking) => checking.await,
                None => false,
            }
        };
        let changed = AssertUnwindSafe(checking).catch_unwind().await.unwrap_or(false);
        let mut slow = self.lock();
        if slow.forgotten != attempt.forgotten {
            return Err(too_late());
        }
        let Some(error) = slow.failures.end_check(changed, self.clock.now()) else { return Ok(()) };
        slow.flight = None;
        self.gate.store(slow.failures.quiet_until().map_or(0, nanos), Ordering::Relaxed);
        Err(error)
    }

    /// Asks the source, and asks again as long as callers wait for a token and get one whose life is over.
    async fn ask(&self, attempt: &Attempt) -> Outcome {
        let mut first_useless: Option<Now> = None;
        loop {
            self.pause(attempt).await;
            if let Some(since) = first_useless {
                self.go_on(attempt, since)?;
            }
            self.counts.exchanges.fetch_add(1, Ordering::Relaxed);
            // The call is inside, since a source may panic before it has made a future.
            let asking = async { self.source.token(&attempt.request).await };
            let result = AssertUnwindSafe(asking).catch_unwind().await;
            let result = result.unwrap_or_else(|payload| Err(panicked(&*payload)));
            let issued = match result {
                Ok(issued) => issued,
                Err(error) => return Err(self.fail(error, attempt)),
            };
            let (now, end) = (self.clock.now(), issued.asked + issued.lifetime);
            let is_short = now.until(end) < WORTH_USING;
            if is_short {
                self.lock().ask_not_before = Some(now + ASK_EVERY);
            }
            // A server may issue nothing better than such short lives: the second one is used while it lasts.
            if now.reached(end) || is_short && first_useless.is_none() && attempt.waiters.is_some() {
                self.discard(&issued, attempt, first_useless.is_none())?;
                first_useless = first_useless.or(Some(now));
            } else {
                return self.land(issued, attempt);
            }
        }
    }

    /// Waits until the source may be asked. Where there is no timer, this does not wait.
    async fn pause(&self, attempt: &Attempt) {
        let not_before = self.lock().ask_not_before;
        let now = self.clock.now();
        if let Some(not_before) = not_before
            && attempt.waiters.is_some()
            && !now.reached(not_before)
        {
            self.clock.sleep(now.until(not_before)).await;
        }
    }

    /// Gives a token back whose life is over. `Ok` if the source is to be asked for another one.
    fn discard(&self, issued: &IssuedToken, attempt: &Attempt, is_first: bool) -> Result<(), Error> {
        if is_first {
            tracing::warn!(lifetime = ?issued.lifetime, "the token's life was over when it arrived");
        }
        let error = dead_on_arrival();
        let mut slow = self.lock();
        let now = self.clock.now();
        let serves = |token: &Arc<Token>| {
            token.age(now) != Age::Expired && slow.rejected.is_none_or(|rejected| rejected < token.generation)
        };
        let is_early = self.current().as_ref().is_some_and(serves);
        if attempt.waiters.is_none() && !is_early {
            drop(slow);
            return Err(self.fail(error, attempt));
        }
        self.counts.failures.fetch_add(1, Ordering::Release);
        if !is_early || slow.retired || slow.forgotten != attempt.forgotten {
            // Whether to go on is decided when the pause is over.
            return Ok(());
        }
        // The older token is still good, so that callers need not hear of it.
        let slow = &mut *slow;
        let backoff = slow.failures.postpone(&error, &mut slow.chance);
        slow.flight = None;
        self.gate.store(nanos(now + backoff), Ordering::Relaxed);
        Err(error)
    }

    /// Ends the exchange if no caller wants its token any more, or if it has gone on for too long.
    fn go_on(&self, attempt: &Attempt, since: Now) -> Result<(), Error> {
        let mut slow = self.lock();
        if slow.retired {
            return Err(retired());
        }
        if slow.forgotten != attempt.forgotten {
            return Err(too_late());
        }
        let now = self.clock.now();
        if !attempt.waiters.as_ref().is_some_and(Waiters::any) {
            slow.flight = None;
            self.gate.store(nanos(now), Ordering::Relaxed);
            return Err(dead_on_arrival());
        }
        if now.monotonic().saturating_sub(since.monotonic()) < LONGEST_WAIT {
            return Ok(());
        }
        drop(slow);
        Err(self.fail(dead_on_arrival(), attempt))
    }

    fn land(&self, issued: IssuedToken, attempt: &Attempt) -> Outcome {
        let mut slow = self.lock();
        if slow.retired {
            return Err(retired());
        }
        if slow.forgotten != attempt.forgotten {
            return Err(too_late());
        }
        let old = self.current();
        let same = old.as_ref().filter(|old| old.token == issued.token);
        let generation = same.map_or(Generation(slow.last.0 + 1), |same| same.generation);
        slow.last = generation;
        let soft = self.renewal.soft(issued.lifetime, &mut slow.chance);
        let landing = self.landing.load(Ordering::Relaxed) + 1;
        let token = Arc::new(Token {
            generation,
            landing,
            scope: issued.scope,
            soft: issued.asked + soft,
            hard: issued.asked + issued.lifetime,
            token: issued.token,
        });
        let now = self.clock.now();
        // A source that has nothing newer yet is not asked again at once.
        let open = if same.is_some() || token.age(now) != Age::Fresh { now + SAME_AGAIN } else { now };
        if attempt.request.rejected().is_some() {
            // A failed renewal is held off by its backoff alone.
            let state = &mut *slow;
            state.rejections.renewed(now, generation, issued.lifetime, &mut state.chance);
        }
        self.slot.store(Some(token.clone()));
        self.landing.store(landing, Ordering::Release);
        slow.renewed = Some(issued.asked);
        slow.told = false;
        slow.failures = Default::default();
        slow.flight = None;
        self.gate.store(nanos(open), Ordering::Relaxed);
        drop(slow);
        tracing::debug!(%generation, lifetime = ?issued.lifetime, "got a token");
        Ok(token)
    }

    fn fail(&self, error: Error, attempt: &Attempt) -> Error {
        let source_can_change = self.source.has_changed().is_some();
        let mut slow = self.lock();
        if slow.forgotten != attempt.forgotten {
            return error;
        }
        let slow_state = &mut *slow;
        let now = self.clock.now();
        let (failures, backoff) =
            slow_state.failures.remember(&error, now, source_can_change, &mut slow_state.chance);
        slow.flight = None;
        let ended = error.kind() == ErrorKind::SignInAgain;
        if ended && attempt.request.rejected().is_some() {
            // The token is rejected and none will follow: whoever comes is to hear that, and not the next rejection.
            self.empty(&slow);
        }
        let tell = ended && !std::mem::replace(&mut slow.told, true);
        self.gate.store(slow.failures.quiet_until().map_or(0, nanos), Ordering::Relaxed);
        drop(slow);
        if tell {
            self.signal.give(&error);
        }
        // Counted last: whoever sees the count may rely on the backoff having begun.
        self.counts.failures.fetch_add(1, Ordering::Release);
        tracing::warn!(%error, failures, ?backoff, "got no token");
        error
    }
}

struct Reopen(Arc<Keeper>);

impl Drop for Reopen {
    fn drop(&mut self) {
        let gate = &self.0.gate;
        // After the exchange has ended the gate holds a time, and this does nothing.
        let _ = gate.compare_exchange(CLOSED, 0, Ordering::Relaxed, Ordering::Relaxed);
    }
}

fn too_late() -> Error {
    Error::new(ErrorKind::Interrupted, "the token was forgotten while it was on its way")
}

fn dead_on_arrival() -> Error {
    Error::new(ErrorKind::InvalidAnswer, "the token's life was over when it arrived").with_transience(true)
}

/// How long a source that handed out the same token again, or one that is already old, is left alone.
const SAME_AGAIN: Duration = Duration::from_secs(10);

/// A token with less left would be dead before the request that carries it arrives.
const WORTH_USING: Duration = Duration::from_secs(1);

/// A source that issues useless tokens is asked no more often.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// Callers have their own deadlines, and these are shorter. A caller without one hears in the end what is wrong.
const LONGEST_WAIT: Duration = Duration::from_secs(900);
