//! One call: what is known of it, and what an attempt's outcome is answered with.

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
use crate::drain::drain;
use crate::error::BoxError;
use crate::replay::{Common, Kept, TryClone, UnderRetry};
use crate::retry_after::RetryAfter;

/// What the services of one layer share.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) policy: RetryPolicy,
    pub(super) chance: Mutex<fastrand::Rng>,
    pub(super) budgets: Budgets,
    pub(super) counts: Counts,
    pub(super) common: Common,
    /// Set when a request came that another retry layer sends again.
    pub(super) stood_aside: Once,
}

impl Rules {
    fn chance(&self) -> MutexGuard<'_, fastrand::Rng> {
        // Nothing under the lock can leave it half-changed.
        self.chance.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn warn_once(&self) {
        self.stood_aside.call_once(|| {
            tracing::warn!(
                "two retry layers are on one request, so the inner one leaves it to the outer one; keep one `RetryLayer` \
                 or `stack()`, or call `StackLayer::without_retry` on the inner stack"
            );
        });
    }
}

/// What is kept of a call while an attempt is on its way.
pub(super) struct Call<S, B> {
    service: S,
    rules: Arc<Rules>,
    /// `None` if the body cannot be sent again.
    kept: Option<Kept<B>>,
    idempotent: bool,
    budget: Arc<Budget>,
    /// When all of it must be over.
    deadline: Option<Deadline>,
    /// The number of the attempt that is on its way, from 1.
    attempt: u32,
}

/// When a call must be over, and how long after its beginning that is.
#[derive(Clone, Copy)]
struct Deadline {
    after: Duration,
    end: Now,
}

/// What an attempt ended with.
pub(super) type Outcome<R> = Result<Response<R>, BoxError>;

/// Keeps a copy of a request that may be sent again, and marks the request for retry layers inside of this one. The copy
/// is not marked, so that keeping it costs no more than before.
fn keep<B: TryClone>(request: &mut Request<B>, rules: &Rules) -> Option<Kept<B>> {
    if rules.policy.attempts <= 1 {
        return None;
    }
    let kept = Kept::of(request, &rules.common);
    request.extensions_mut().insert(UnderRetry);
    kept
}

impl<S, B: TryClone> Call<S, B> {
    /// Keeps of a request what it takes to send it again through `service`, and puts a key on it if one is wanted.
    pub(super) fn new(service: S, rules: Arc<Rules>, request: &mut Request<B>) -> Self {
        let policy = &rules.policy;
        let mut idempotent = is_idempotent(request, &policy.key);
        let stands_aside = policy.attempts > 1 && request.extensions().get::<UnderRetry>().is_some();
        if stands_aside {
            rules.warn_once();
        }
        if policy.makes_keys && !stands_aside && !idempotent {
            let key = make_key(&mut rules.chance());
            request.headers_mut().insert(policy.key.clone(), key);
            idempotent = true;
        }
        let now = policy.clock.now();
        let budget = rules.budgets.of(request.uri(), now);
        budget.call(now);
        let deadline = policy.deadline_of(request).map(|after| Deadline { after, end: now + after });
        // Without a copy, the first outcome is given back.
        let kept = if stands_aside { None } else { keep(request, &rules) };
        Self { service, kept, idempotent, budget, deadline, attempt: 1, rules }
    }

    /// How long to wait before the next attempt; `None` gives the outcome back. A response then carries what its server
    /// asked for.
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
            response.extensions_mut().insert(asked);
            Some(asked)
        });
        let may_be_sent = (self.idempotent || trouble == Trouble::NeverSent)
            && self.attempt < policy.attempts
            && self.kept.as_ref().is_some_and(Kept::is_whole);
        if !may_be_sent || asked.is_some_and(|asked| asked.wait() > policy.longest_wait) {
            return None;
        }
        let wait = policy.backoff.wait(self.attempt, asked, &mut self.rules.chance());
        if self.deadline.is_some_and(|deadline| (now + wait).reached(deadline.end)) {
            return None;
        }
        let counts = &self.rules.counts;
        if !self.budget.withdraw(now) {
            counts.over_budget.fetch_add(1, Ordering::Relaxed);
            tracing::debug!(attempt = self.attempt, ?status, "no retry is left in the origin's budget");
            return None;
        }
        counts.retries.fetch_add(1, Ordering::Relaxed);
        tracing::debug!(attempt = self.attempt, ?status, ?wait, "the request will be sent again");
        Some(wait)
    }

    /// A sleep until the deadline, and the error that it ends with.
    pub(super) fn timer(&self) -> Option<(Sleep, DeadlinePassed)> {
        let Deadline { after, end } = self.deadline?;
        let clock = &self.rules.policy.clock;
        Some((clock.sleep(clock.now().until(end)), DeadlinePassed { deadline: after }))
    }

    /// Waits, sends again, and so on until there is an outcome to give back or the deadline passes.
    pub(super) async fn go_on<R>(self, outcome: Outcome<R>, wait: Duration) -> Outcome<R>
    where
        S: Service<Request<B>, Response = Response<R>>,
        S::Error: Into<BoxError>,
        R: Body,
    {
        let timer = self.timer();
        let attempts = pin!(self.attempts(outcome, wait));
        let Some((sleep, passed)) = timer else { return attempts.await };
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
            match outcome {
                Ok(response) => drop(join(drain(response.into_body(), clock), pause).await),
                Err(_) => pause.await,
            }
            let mut request =
                self.kept.take().expect("only what was kept is sent again").into_request(&self.rules.common);
            self.kept = keep(&mut request, &self.rules);
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
