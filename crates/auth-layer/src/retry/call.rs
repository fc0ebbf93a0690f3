//! `Call`: the state of one call between its attempts, and the decision to send it again.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, join, select};
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::budget::{Budget, Budgets};
use super::classify::{Trouble, is_trouble, trouble};
use super::deadline::DeadlinePassed;
use super::idempotency::{is_idempotent, make_key};
use super::policy::RetryPolicy;
use super::stats::Counts;
use crate::clock::{Now, Sleep};
use crate::error::BoxError;
use crate::replay::{Common, Kept, TryClone, UnderRetry};
use crate::response::{RetryAfter, drain};

/// The state that the services of one layer share.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) policy: RetryPolicy,
    pub(super) rng: Mutex<fastrand::Rng>,
    pub(super) budgets: Budgets,
    pub(super) counts: Counts,
    pub(super) common: Common,
    /// Runs the warning about two retry layers once.
    pub(super) nesting_warning: Once,
}

impl Rules {
    fn rng(&self) -> MutexGuard<'_, fastrand::Rng> {
        // A poisoned lock is used on: any state of the generator is a valid one.
        self.rng.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn warn_once(&self) {
        self.nesting_warning.call_once(|| {
            tracing::warn!(
                "two retry layers handle one request, so the inner one does not retry it; keep one `RetryLayer` or \
                 `stack()`, or call `StackLayer::without_retry` on the inner stack"
            );
        });
    }
}

/// The state of a call while an attempt is in progress.
pub(super) struct Call<S, B> {
    service: S,
    rules: Arc<Rules>,
    /// `None` if the body cannot be sent again.
    kept: Option<Kept<B>>,
    idempotent: bool,
    budget: Arc<Budget>,
    /// The end of the call, all attempts and waits together.
    deadline: Option<Deadline>,
    /// The number of the attempt that is in progress, from 1.
    attempt: u32,
}

/// The duration of a call at most, and the time when that is over.
#[derive(Clone, Copy)]
struct Deadline {
    after: Duration,
    end: Now,
}

/// The result of an attempt.
pub(super) type Outcome<R> = Result<Response<R>, BoxError>;

/// Keeps a copy of a request that may be sent again, and marks the request for retry layers inside of this one. The
/// copy is not marked, because a copy without extensions is cheaper.
fn keep<B: TryClone>(request: &mut Request<B>, rules: &Rules) -> Option<Kept<B>> {
    if rules.policy.attempts <= 1 {
        return None;
    }
    let kept = Kept::of(request, &rules.common);
    request.extensions_mut().insert(UnderRetry);
    kept
}

impl<S, B: TryClone> Call<S, B> {
    /// Starts a call. Keeps a copy of the request, and adds an idempotency key if the policy says so.
    pub(super) fn new(service: S, rules: Arc<Rules>, request: &mut Request<B>) -> Self {
        let policy = &rules.policy;
        let mut idempotent = is_idempotent(request, &policy.key);
        let is_nested = policy.attempts > 1 && request.extensions().get::<UnderRetry>().is_some();
        if is_nested {
            rules.warn_once();
        }
        // Not in a nested layer: each attempt of the outer layer would get another key.
        if policy.makes_keys && !is_nested && !idempotent {
            let key = make_key(&mut rules.rng());
            request.headers_mut().insert(policy.key.clone(), key);
            idempotent = true;
        }
        let now = policy.clock.now();
        let budget = rules.budgets.of(request.uri(), now);
        budget.call(now);
        let deadline = policy.deadline_of(request).map(|after| Deadline { after, end: now + after });
        // Without a copy, the caller gets the first outcome.
        let kept = if is_nested { None } else { keep(request, &rules) };
        Self { service, kept, idempotent, budget, deadline, attempt: 1, rules }
    }

    /// Returns the wait before the next attempt, or `None` if the caller gets this outcome. Puts the wait that the
    /// server asked for into the response's extensions.
    pub(super) fn wait<R>(&self, outcome: &mut Outcome<R>) -> Option<Duration> {
        let (trouble, status) = match outcome {
            Ok(response) if is_trouble(response.status()) => (Trouble::Sent, Some(response.status())),
            Ok(_) => return None,
            Err(error) => (trouble(error)?, None),
        };
        let policy = &self.rules.policy;
        let now = policy.clock.now();
        let asked = outcome.as_mut().ok().and_then(|response| {
            let asked = RetryAfter::of(response.headers(), now)?;
            // Before the decision: whatever the reason, a response that the caller gets must carry the wait.
            response.extensions_mut().insert(asked);
            Some(asked)
        });
        let may_be_sent = (self.idempotent || trouble == Trouble::NeverSent)
            && self.attempt < policy.attempts
            && self.kept.as_ref().is_some_and(Kept::is_whole);
        if !may_be_sent || asked.is_some_and(|asked| asked.wait() > policy.longest_wait) {
            return None;
        }
        let wait = policy.backoff.wait(self.attempt, asked, &mut self.rules.rng());
        // A wait beyond the deadline would only delay the failure.
        if self.deadline.is_some_and(|deadline| (now + wait).reached(deadline.end)) {
            return None;
        }
        let counts = &self.rules.counts;
        // The last check, so that only a retry that will be sent is charged.
        if !self.budget.withdraw(now) {
            // Relaxed, here and below: the counts are only read as statistics.
            counts.over_budget.fetch_add(1, Ordering::Relaxed);
            tracing::debug!(attempt = self.attempt, ?status, "the retry budget of the origin is used up");
            return None;
        }
        counts.retries.fetch_add(1, Ordering::Relaxed);
        tracing::debug!(attempt = self.attempt, ?status, ?wait, "the request will be sent again");
        Some(wait)
    }

    /// Returns a sleep until the deadline, and the error for that case.
    pub(super) fn timer(&self) -> Option<(Sleep, DeadlinePassed)> {
        let Deadline { after, end } = self.deadline?;
        let clock = &self.rules.policy.clock;
        Some((clock.sleep(clock.now().until(end)), DeadlinePassed { deadline: after }))
    }

    /// Waits and sends again, until there is an outcome for the caller or the deadline passes.
    pub(super) async fn retry<R>(self, outcome: Outcome<R>, wait: Duration) -> Outcome<R>
    where
        S: Service<Request<B>, Response = Response<R>>,
        S::Error: Into<BoxError>,
        R: Body,
    {
        let timer = self.timer();
        let attempts = pin!(self.attempts(outcome, wait));
        let Some((sleep, passed)) = timer else { return attempts.await };
        // `select` polls the attempts first: a response that is ready at the deadline is returned.
        match select(attempts, sleep).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right(((), _)) => Err(passed.into()),
        }
    }

    async fn attempts<R>(mut self, mut outcome: Outcome<R>, mut wait: Duration) -> Outcome<R>
    where
        S: Service<Request<B>, Response = Response<R>>,
        S::Error: Into<BoxError>,
        R: Body,
    {
        loop {
            let clock = &*self.rules.policy.clock;
            let pause = clock.sleep(wait);
            // The failed response is read to its end during the wait, so that its connection can be used again.
            match outcome {
                Ok(response) => drop(join(drain(response.into_body(), clock), pause).await),
                Err(_) => pause.await,
            }
            let mut request = self
                .kept
                .take()
                .expect("`wait` returns `Some` only with a kept copy")
                .into_request(&self.rules.common);
            // A new copy, because sending consumes this one.
            self.kept = keep(&mut request, &self.rules);
            // This instance is a clone that was never polled ready.
            poll_fn(|cx| self.service.poll_ready(cx)).await.map_err(Into::into)?;
            self.attempt += 1;
            outcome = self.service.call(request).await.map_err(Into::into);
            match self.wait(&mut outcome) {
                Some(next) => wait = next,
                None => return outcome,
            }
        }
    }
}
