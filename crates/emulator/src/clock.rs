//! The clock: the only place that asks what time it is.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// Tells the time by which the life of a token is judged.
///
/// A cheap handle: clones tell the same time.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use emulator::ManualClock;
///
/// let hands = ManualClock::new(SystemTime::UNIX_EPOCH);
/// let clock = hands.clock();
/// hands.advance(Duration::from_secs(60));
/// assert_eq!(clock.now(), SystemTime::UNIX_EPOCH + Duration::from_secs(60));
/// ```
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl Clock {
    /// Makes a clock of a function that tells the time.
    pub fn new(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The clock of the machine.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place where real time enters")]
    pub fn system() -> Self {
        Self::new(SystemTime::now)
    }

    /// Tells the time.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        (self.0)()
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clock").field(&self.now()).finish()
    }
}

impl From<&ManualClock> for Clock {
    fn from(hands: &ManualClock) -> Self {
        hands.clock()
    }
}

/// A clock that stands still until it is moved.
///
/// Clones move together, so that a test keeps one and gives [`clock`](Self::clock) away.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<SystemTime>>);

impl ManualClock {
    /// A clock that stands at `start`.
    #[must_use]
    pub fn new(start: SystemTime) -> Self {
        Self(Arc::new(Mutex::new(start)))
    }

    /// Moves the clock forward; at the end of time it stays there.
    pub fn advance(&self, by: Duration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(later) = now.checked_add(by) {
            *now = later;
        }
    }

    /// The reading side, to give to the emulator.
    #[must_use]
    pub fn clock(&self) -> Clock {
        let now = Arc::clone(&self.0);
        Clock::new(move || *now.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
