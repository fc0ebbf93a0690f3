//! `Keeper`: the state behind every handle of one manager.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::attempt::Attempt;
use super::failures::Failures;
use super::flight::{Flight, Outcome, Seat, Waiters};
use super::rejections::Rejections;
use super::renewal::Renewal;
use super::signal::Signal;
use super::slot::{Age, Token};
use crate::clock::{Clock, Now};
use crate::error::{Error, ErrorKind};
use crate::source::{TokenRequest, TokenSource};
use crate::sync::{ArcSwapOption, AtomicU64, Handle, Mutex, MutexGuard};
use crate::token::Generation;

#[derive(Debug)]
pub(super) struct Keeper {
    /// The current token.
    pub(super) slot: ArcSwapOption<Token>,
    /// The landing that is in the slot, written after it. Whoever has seen this one need not look into the slot.
    pub(super) landing: AtomicU64,
    /// The monotonic time, in nanoseconds, before which a stale token starts no renewal.
    pub(super) gate: AtomicU64,
    /// The newest generation that an API has accepted: it answered with anything but a rejection.
    accepted: AtomicU64,
    pub(super) source: Box<dyn TokenSource>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) renewal: Renewal,
    pub(super) signal: Signal,
    slow: Mutex<Slow>,
    pub(super) counts: Counts,
}

/// What only the slow path touches. The lock is never held across an await.
#[derive(Debug)]
pub(super) struct Slow {
    pub(super) flight: Option<Flight>,
    /// A flight whose token nobody wants any more, but which must finish before the next one starts.
    before: Option<Seat>,
    /// How often everything was forgotten. What left before the last time lands nowhere.
    pub(super) forgotten: u64,
    /// The last generation that was handed out.
    pub(super) last: Generation,
    /// The failures since the last token.
    pub(super) failures: Failures,
    /// Before this moment the source is not asked, since the last token it issued was of no use. Those who need one wait.
    pub(super) ask_not_before: Option<Now>,
    /// The last generation that was rejected while it was the current one.
    pub(super) rejected: Option<Generation>,
    /// How often rejections may start a renewal.
    pub(super) rejections: Rejections,
    /// When the current token was asked for.
    pub(super) renewed: Option<Now>,
    /// It was told that a person has to sign in, and no token has come since.
    pub(super) told: bool,
    /// Nobody is to get a token from here any more.
    pub(super) retired: bool,
    pub(super) chance: fastrand::Rng,
}

/// How often what happened. None of it is on the hit path.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) exchanges: AtomicU64,
    pub(super) failures: AtomicU64,
    pub(super) rejections: AtomicU64,
    pub(super) resends: AtomicU64,
}

/// Whether the only holder of a manager can do without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Another handle of it is held, or a flight of it is in the air.
    Busy,
    /// Its last exchange failed or its token was rejected a short while ago, which would be forgotten with it.
    Failing,
    /// It can be made again, at the price of an exchange.
    Spare,
}

/// How a caller who needs a token gets one.
#[derive(Debug)]
pub(super) enum Boarding {
    Here(Arc<Token>),
    Wait(Seat),
}

impl Boarding {
    /// Waits for the token, if it is not here yet.
    pub(super) async fn outcome(self) -> Outcome {
        match self {
            Self::Here(token) => Ok(token),
            Self::Wait(seat) => seat.outcome().await,
        }
    }
}

impl Keeper {
    pub(super) fn new(
        source: Box<dyn TokenSource>,
        clock: Arc<dyn Clock>,
        renewal: Renewal,
        chance: fastrand::Rng,
        signal: Signal,
    ) -> Self {
        let slow = Slow {
            flight: None,
            before: None,
            forgotten: 0,
            last: Generation(0),
            failures: Failures::default(),
            ask_not_before: None,
            rejected: None,
            rejections: Rejections::default(),
            renewed: None,
            told: false,
            retired: false,
            chance,
        };
        Self {
            slot: ArcSwapOption::empty(),
            landing: AtomicU64::new(0),
            gate: AtomicU64::new(0),
            accepted: AtomicU64::new(0),
            source,
            clock,
            renewal,
            signal,
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

    /// Whether the current token has not expired.
    pub(super) fn has_good_token(&self) -> bool {
        self.current().is_some_and(|token| token.age(self.clock.now()) != Age::Expired)
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
        let stale = self.current().is_some_and(|token| token.age(now) == Age::Stale);
        let failed = slow.failures.remembered_until(now).is_some();
        if stale && (!failed || slow.failures.may_check(now)) {
            self.depart(&mut slow, now, Some(&runtime), TokenRequest::new());
        } else {
            let open = slow.failures.quiet_until().map_or(seen, nanos);
            let _ = self.gate.compare_exchange(CLOSED, open, Ordering::Relaxed, Ordering::Relaxed);
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

    /// Decides about a rejected token: another one, or a seat on the flight that may bring one. `None` means that the
    /// rejection stands.
    pub(super) fn reject(self: &Arc<Self>, rejected: Generation) -> Option<Boarding> {
        self.counts.rejections.fetch_add(1, Ordering::Relaxed);
        let mut slow = self.lock();
        let now = self.clock.now();
        let current = self.current();
        let Some(current) = current.filter(|token| token.age(now) != Age::Expired) else {
            // It ran out meanwhile: this caller needs a token like any other.
            return self.seat(&mut slow, now, TokenRequest::new()).map(Boarding::Wait).ok();
        };
        if current.generation > rejected {
            return Some(Boarding::Here(current));
        }
        slow.rejected = Some(current.generation);
        if let Some(seat) = slow.flight.as_ref().and_then(Flight::join) {
            return Some(Boarding::Wait(seat));
        }
        let lifetime = slow.renewed.map_or(Duration::ZERO, |asked| asked.until(current.hard));
        // A relaxed load is enough: a response that raises this at the same moment came neither before nor after.
        let was_accepted = self.accepted.load(Ordering::Relaxed) >= current.generation.0;
        if !slow.rejections.may_renew(now, lifetime, was_accepted) {
            return None;
        }
        let request = TokenRequest::after_rejection(current.token.clone());
        let seat = self.seat(&mut slow, now, request).ok()?;
        slow.rejections.started(now);
        Some(Boarding::Wait(seat))
    }

    /// Notes that an API accepted the token of this generation. It is called for every accepted response, so it takes no
    /// lock, and writes once for each generation.
    #[inline]
    pub(super) fn accept(&self, generation: Generation) {
        // Relaxed: the number stands for itself, and nothing else is read because of it.
        if self.accepted.load(Ordering::Relaxed) < generation.0 {
            self.accepted.fetch_max(generation.0, Ordering::Relaxed);
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

    /// Renews, however good the token still is. It does not count as a caller that waits for a token.
    pub(super) async fn renew(self: &Arc<Self>) -> Outcome {
        let seat = self.seat(&mut self.lock(), self.clock.now(), TokenRequest::new())?;
        seat.uncounted().outcome().await
    }

    /// How long it is until the current token was asked for `span` ago; zero if it was earlier, or if there was none.
    pub(super) fn until_renewed_for(&self, span: Duration) -> Duration {
        let renewed = self.lock().renewed;
        renewed.map_or(Duration::ZERO, |renewed| self.clock.now().until(renewed + span))
    }

    /// Joins the flight, or starts one. While a failure is remembered, it is the answer; once in a while one caller's need
    /// then starts a check whether the source would send something else by now.
    fn seat(self: &Arc<Self>, slow: &mut Slow, now: Now, request: TokenRequest) -> Result<Seat, Error> {
        if slow.retired {
            return Err(retired());
        }
        let joined = slow.flight.as_ref().and_then(Flight::join);
        match (slow.failures.remembered(now), joined) {
            // While a check is on its way the others do not wait for it: a secret may be slow to come.
            (Some(error), joined) if joined.is_some() || !slow.failures.may_check(now) => {
                return Err(error);
            }
            (None, Some(seat)) => return Ok(seat),
            _ => {}
        }
        let runtime = Handle::try_current().ok();
        self.depart(slow, now, runtime.as_ref(), request)
            .ok_or_else(|| Error::new(ErrorKind::Interrupted, "the exchange could not be started"))
    }

    fn depart(
        self: &Arc<Self>,
        slow: &mut Slow,
        now: Now,
        runtime: Option<&Handle>,
        request: TokenRequest,
    ) -> Option<Seat> {
        self.gate.store(CLOSED, Ordering::Relaxed);
        let waiters = Waiters::default();
        let attempt = Attempt {
            request,
            forgotten: slow.forgotten,
            is_check: slow.failures.begin(now),
            waiters: runtime.is_some().then(|| waiters.clone()),
            before: slow.before.take(),
        };
        let exchange = self.clone().fly(attempt);
        let (flight, seat) = match runtime {
            Some(runtime) => Flight::spawn(runtime, waiters, exchange),
            None => Flight::driven(exchange)?,
        };
        slow.flight = Some(flight);
        Some(seat)
    }

    /// Whether the only holder of this manager can do without it now.
    pub(super) fn standing(&self) -> Standing {
        let mut slow = self.lock();
        let now = self.clock.now();
        if slow.flight.as_ref().and_then(Flight::join).is_some() {
            Standing::Busy
        } else if slow.failures.have_come_lately(now) || slow.rejections.have_come_lately(now) {
            Standing::Failing
        } else {
            Standing::Spare
        }
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
        slow.failures = Failures::default();
        slow.ask_not_before = None;
        slow.rejections.forget();
        self.empty(&slow);
        self.gate.store(0, Ordering::Relaxed);
    }

    /// Takes the token out of the slot. Whoever has seen its landing looks into the slot again.
    pub(super) fn empty(&self, _held: &Slow) {
        self.slot.store(None);
        let landing = self.landing.load(Ordering::Relaxed) + 1;
        self.landing.store(landing, Ordering::Release);
    }

    /// Forgets the token for good: from here on nobody gets one, not even from a flight that lands later.
    pub(super) fn retire(&self) {
        let mut slow = self.lock();
        slow.retired = true;
        self.empty(&slow);
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

    pub(super) fn lock(&self) -> MutexGuard<'_, Slow> {
        // Nothing under the lock can leave it half-changed.
        self.slow.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn retired() -> Error {
    Error::new(ErrorKind::Interrupted, "the identity was removed from its pool; ask the pool again")
}

pub(super) fn nanos(now: Now) -> u64 {
    u64::try_from(now.monotonic().as_nanos()).unwrap_or(CLOSED - 1)
}

/// The gate while a flight is in the air.
pub(super) const CLOSED: u64 = u64::MAX;
