//! `Keeper`: the state behind every handle of one manager.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;

use super::flight::{Flight, Outcome, Seat};
use super::renewal::{self, Renewal};
use super::slot::{Age, Token};
use crate::clock::{Clock, Now};
use crate::error::{Error, ErrorKind};
use crate::source::{IssuedToken, TokenRequest, TokenSource};
use crate::sync::{ArcSwapOption, AtomicU64, Handle, Mutex, MutexGuard};
use crate::token::Generation;

#[derive(Debug)]
pub(super) struct Keeper {
    /// The current token.
    slot: ArcSwapOption<Token>,
    /// The landing that is in the slot, written after it. Whoever has seen this one need not look into the slot.
    landing: AtomicU64,
    /// The monotonic time, in nanoseconds, before which a stale token starts no renewal.
    gate: AtomicU64,
    pub(super) source: Box<dyn TokenSource>,
    pub(super) clock: Arc<dyn Clock>,
    renewal: Renewal,
    slow: Mutex<Slow>,
    pub(super) counts: Counts,
}

/// What only the slow path touches. The lock is never held across an await.
#[derive(Debug)]
struct Slow {
    flight: Option<Flight>,
    /// A flight whose token nobody wants any more, but which must finish before the next one starts.
    before: Option<Seat>,
    /// How often everything was forgotten. What left before the last time lands nowhere.
    forgotten: u64,
    /// The last generation that was handed out.
    last: Generation,
    /// The last failure, and until when it answers for the token endpoint.
    remembered: Option<(Error, Now)>,
    /// Failures in a row.
    failures: u32,
    /// Until when a rejection starts no renewal.
    floor: Option<Now>,
    /// Nobody is to get a token from here any more.
    retired: bool,
    chance: fastrand::Rng,
}

/// How often what happened. None of it is on the hit path.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) exchanges: AtomicU64,
    pub(super) failures: AtomicU64,
    pub(super) rejections: AtomicU64,
    pub(super) resends: AtomicU64,
}

/// What to do about a rejected token.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Send again, with this one.
    Resend(Arc<Token>),
    /// There is no other token: the rejection stands.
    Stands,
}

/// How a caller who needs a token gets one.
#[derive(Debug)]
pub(super) enum Boarding {
    Here(Arc<Token>),
    Wait(Seat),
}

impl Keeper {
    pub(super) fn new(
        source: Box<dyn TokenSource>,
        clock: Arc<dyn Clock>,
        renewal: Renewal,
        chance: fastrand::Rng,
    ) -> Self {
        let slow = Slow {
            flight: None,
            before: None,
            forgotten: 0,
            last: Generation(0),
            remembered: None,
            failures: 0,
            floor: None,
            retired: false,
            chance,
        };
        Self {
            slot: ArcSwapOption::empty(),
            landing: AtomicU64::new(0),
            gate: AtomicU64::new(0),
            source,
            clock,
            renewal,
            slow: Mutex::new(slow),
            counts: Counts::default(),
        }
    }

    /// The current token, if it is fit to be sent. No lock, no allocation. `seen` is what the caller saw last, and is
    /// brought up to date. Past the soft point one caller starts a renewal on its way.
    #[inline]
    pub(super) fn hit<'a>(self: &Arc<Self>, seen: &'a mut Option<Arc<Token>>) -> Option<&'a Arc<Token>> {
        let landing = self.landing.load(Ordering::Acquire);
        if seen.as_ref().is_none_or(|token| token.landing != landing) {
            *seen = self.current();
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

    pub(super) fn current(&self) -> Option<Arc<Token>> {
        self.slot.load_full()
    }

    /// Starts a renewal if nobody has, the gate is open, and there is a runtime to run it on.
    #[cold]
    fn renew_early(self: &Arc<Self>, now: Now) {
        let seen = self.gate.load(Ordering::Relaxed);
        if nanos(now) < seen {
            return;
        }
        let Ok(runtime) = Handle::try_current() else { return };
        // Whoever closes the gate is the one who renews; the flight's end sets it anew.
        if self.gate.compare_exchange(seen, CLOSED, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            return;
        }
        let mut slow = self.lock();
        if slow.flight.as_ref().and_then(Flight::join).is_some() {
            return;
        }
        // A flight may have landed since this caller looked.
        if self.current().is_some_and(|token| token.age(now) == Age::Stale) {
            self.depart(&mut slow, Some(&runtime), TokenRequest::new());
        } else {
            let _ = self.gate.compare_exchange(CLOSED, seen, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// Gets a token, or a seat on the flight that will bring one, or the failure that is still remembered.
    pub(super) fn board(self: &Arc<Self>) -> Result<Boarding, Error> {
        let mut slow = self.lock();
        let now = self.clock.now();
        // Somebody else's flight may have landed while this caller came here.
        if let Some(token) = self.current().filter(|token| token.age(now) != Age::Expired) {
            return Ok(Boarding::Here(token));
        }
        self.seat(&mut slow, now, TokenRequest::new()).map(Boarding::Wait)
    }

    /// Decides about a rejected token: `Ok` with another one, or a seat on the flight that may bring one.
    pub(super) fn reject(self: &Arc<Self>, rejected: Generation) -> Result<Boarding, Verdict> {
        self.counts.rejections.fetch_add(1, Ordering::Relaxed);
        let mut slow = self.lock();
        let now = self.clock.now();
        let current = self.current();
        let Some(current) = current.filter(|token| token.age(now) != Age::Expired) else {
            // It ran out meanwhile: this caller needs a token like any other.
            return self
                .seat(&mut slow, now, TokenRequest::new())
                .map(Boarding::Wait)
                .map_err(|_| Verdict::Stands);
        };
        if current.generation > rejected {
            return Ok(Boarding::Here(current));
        }
        if let Some(seat) = slow.flight.as_ref().and_then(Flight::join) {
            return Ok(Boarding::Wait(seat));
        }
        if slow.floor.is_some_and(|floor| !now.reached(floor)) {
            return Err(Verdict::Stands);
        }
        let request = TokenRequest::after_rejection(current.token.clone());
        self.seat(&mut slow, now, request).map(Boarding::Wait).map_err(|_| Verdict::Stands)
    }

    /// Joins the flight, or starts one unless a failure is still remembered.
    fn seat(self: &Arc<Self>, slow: &mut Slow, now: Now, request: TokenRequest) -> Result<Seat, Error> {
        if slow.retired {
            return Err(retired());
        }
        if let Some(seat) = slow.flight.as_ref().and_then(Flight::join) {
            return Ok(seat);
        }
        if let Some((error, until)) = &slow.remembered
            && !now.reached(*until)
        {
            return Err(error.clone());
        }
        let runtime = Handle::try_current().ok();
        self.depart(slow, runtime.as_ref(), request)
            .ok_or_else(|| Error::new(ErrorKind::Interrupted, "the exchange could not be started"))
    }

    fn depart(
        self: &Arc<Self>,
        slow: &mut Slow,
        runtime: Option<&Handle>,
        request: TokenRequest,
    ) -> Option<Seat> {
        self.gate.store(CLOSED, Ordering::Relaxed);
        let exchange = self.clone().fly(request, slow.forgotten, slow.before.take());
        let (flight, seat) = match runtime {
            Some(runtime) => Flight::spawn(runtime, exchange),
            None => Flight::driven(exchange)?,
        };
        slow.flight = Some(flight);
        Some(seat)
    }

    /// The exchange itself, and what is kept of it. It begins when the one `before` it is over.
    fn fly(
        self: Arc<Self>,
        request: TokenRequest,
        forgotten: u64,
        before: Option<Seat>,
    ) -> impl Future<Output = Outcome> + Send + use<> {
        // A flight that is dropped, with its runtime or its last driver, opens the gate again: even one that never
        // began.
        let gate = Reopen(self);
        async move {
            let keeper = &*gate.0;
            if let Some(before) = before {
                let _ = before.outcome().await;
            }
            keeper.counts.exchanges.fetch_add(1, Ordering::Relaxed);
            // The call is inside, since a source may panic before it has made a future.
            let asking = async { keeper.source.token(&request).await };
            let result = AssertUnwindSafe(asking).catch_unwind().await;
            let result =
                result.unwrap_or_else(|_| Err(Error::new(ErrorKind::Panicked, "the token source panicked")));
            match result {
                Ok(issued) if keeper.clock.now().reached(issued.asked + issued.lifetime) => {
                    Err(keeper.fail(dead_on_arrival(), forgotten))
                }
                Ok(issued) => keeper.land(issued, &request, forgotten),
                Err(error) => Err(keeper.fail(error, forgotten)),
            }
        }
    }

    fn land(&self, issued: IssuedToken, request: &TokenRequest, forgotten: u64) -> Outcome {
        let mut slow = self.lock();
        if slow.retired {
            return Err(retired());
        }
        if slow.forgotten != forgotten {
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
        if request.rejected().is_some() {
            // A failed renewal is held off by its backoff alone.
            slow.floor = Some(now + renewal::rejection_floor(&mut slow.chance));
        }
        self.slot.store(Some(token.clone()));
        self.landing.store(landing, Ordering::Release);
        slow.failures = 0;
        slow.remembered = None;
        slow.flight = None;
        self.gate.store(nanos(open), Ordering::Relaxed);
        drop(slow);
        tracing::debug!(%generation, lifetime = ?issued.lifetime, "got a token");
        Ok(token)
    }

    fn fail(&self, error: Error, forgotten: u64) -> Error {
        let mut slow = self.lock();
        if slow.forgotten != forgotten {
            return error;
        }
        slow.failures = slow.failures.saturating_add(1);
        let failures = slow.failures;
        let backoff = renewal::backoff(&error, failures, &mut slow.chance);
        let until = self.clock.now() + backoff;
        slow.remembered = Some((error.clone(), until));
        slow.flight = None;
        self.gate.store(nanos(until), Ordering::Relaxed);
        drop(slow);
        // Counted last: whoever sees the count may rely on the backoff having begun.
        self.counts.failures.fetch_add(1, Ordering::Release);
        tracing::warn!(%error, failures, ?backoff, "got no token");
        error
    }

    /// Whether a flight is in the air.
    pub(super) fn is_in_flight(&self) -> bool {
        self.lock().flight.as_ref().and_then(Flight::join).is_some()
    }

    /// Forgets the token, and what is remembered of failures; the next caller makes a new start. A flight in the air
    /// lands nowhere. One that must finish does so first.
    pub(super) fn forget(&self) {
        let mut slow = self.lock();
        slow.forgotten += 1;
        if let Some(flight) = slow.flight.take() {
            if self.source.must_finish() {
                slow.before = flight.join().or(slow.before.take());
            } else {
                flight.abort();
            }
        }
        slow.remembered = None;
        slow.failures = 0;
        slow.floor = None;
        self.slot.store(None);
        // Whoever has seen the old landing looks into the slot again.
        let landing = self.landing.load(Ordering::Relaxed) + 1;
        self.landing.store(landing, Ordering::Release);
        self.gate.store(0, Ordering::Relaxed);
    }

    /// Forgets the token for good: from here on nobody gets one, not even from a flight that lands later.
    pub(super) fn retire(&self) {
        let mut slow = self.lock();
        slow.retired = true;
        self.slot.store(None);
        drop(slow);
        self.abandon();
    }

    /// Ends the flight of a manager that nobody holds any more, unless it must finish.
    pub(super) fn abandon(&self) {
        if !self.source.must_finish()
            && let Some(flight) = self.lock().flight.take()
        {
            flight.abort();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Slow> {
        // Nothing under the lock can leave it half-changed.
        self.slow.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Reopen(Arc<Keeper>);

impl Drop for Reopen {
    fn drop(&mut self) {
        let gate = &self.0.gate;
        // After `land` or `fail` the gate holds a time, and this does nothing.
        let _ = gate.compare_exchange(CLOSED, 0, Ordering::Relaxed, Ordering::Relaxed);
    }
}

fn retired() -> Error {
    Error::new(ErrorKind::Interrupted, "the identity was removed from its pool; ask the pool again")
}

fn too_late() -> Error {
    Error::new(ErrorKind::Interrupted, "the token was forgotten while it was on its way")
}

fn dead_on_arrival() -> Error {
    Error::new(ErrorKind::InvalidAnswer, "the token's life was over when it arrived").with_transience(true)
}

fn nanos(now: Now) -> u64 {
    u64::try_from(now.monotonic().as_nanos()).unwrap_or(CLOSED - 1)
}

/// The gate while a flight is in the air.
const CLOSED: u64 = u64::MAX;

/// How long a source that handed out the same token again, or one that is already old, is left alone.
const SAME_AGAIN: Duration = Duration::from_secs(10);
