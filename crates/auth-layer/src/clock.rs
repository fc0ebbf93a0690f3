//! The only way to learn the time.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// A future that a [`Clock`] resolves after a while.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where the time comes from: the system's clocks, or a test's.
///
/// ```
/// use auth_layer::{Clock, SystemClock};
/// use std::time::Duration;
///
/// let clock = SystemClock::new();
/// let later = clock.now() + Duration::from_secs(60);
/// assert!(!clock.now().reached(later));
/// ```
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Reads both clocks. This is on the path of every request.
    fn now(&self) -> Now;

    /// Resolves after `duration`.
    fn sleep(&self, duration: Duration) -> Sleep;
}

/// Resolves after `duration`. Outside of a tokio runtime, where there is no timer, it resolves at once: a limit for what is
/// read has to end there as well.
pub(crate) fn sleep_if_there_is_a_timer(clock: &dyn Clock, duration: Duration) -> Sleep {
    match tokio::runtime::Handle::try_current() {
        Ok(_) => clock.sleep(duration),
        Err(_) => Box::pin(std::future::ready(())),
    }
}

/// One reading of two clocks: a monotonic one, which nobody can set, and the wall clock, which goes on
/// while the machine sleeps.
///
/// A point in time counts as reached when **either** clock says so: neither a wall clock set back nor a
/// monotonic clock that rested keeps a dead token alive.
///
/// ```
/// use auth_layer::Now;
/// use std::time::Duration;
///
/// let start = Now::new(Duration::ZERO, Duration::from_secs(1_700_000_000));
/// let expiry = start + Duration::from_secs(60);
/// let after_suspend = Now::new(Duration::ZERO, Duration::from_secs(1_700_003_600));
/// assert!(after_suspend.reached(expiry));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Nanoseconds since a start that means nothing.
    monotonic: u64,
    /// Nanoseconds since the Unix epoch.
    wall: u64,
}

impl Now {
    /// Makes a reading: `monotonic` since any fixed start, `wall` since the Unix epoch. Both saturate
    /// after 584 years.
    pub const fn new(monotonic: Duration, wall: Duration) -> Self {
        Self { monotonic: nanos(monotonic), wall: nanos(wall) }
    }

    /// Whether `point` has come, by either clock.
    pub const fn reached(self, point: Self) -> bool {
        self.monotonic >= point.monotonic || self.wall >= point.wall
    }

    /// How long until `point`, by the clock that gets there first; zero if it has come.
    pub fn until(self, point: Self) -> Duration {
        let monotonic = point.monotonic.saturating_sub(self.monotonic);
        let wall = point.wall.saturating_sub(self.wall);
        Duration::from_nanos(monotonic.min(wall))
    }

    /// The wall clock, since the Unix epoch.
    pub const fn wall(self) -> Duration {
        Duration::from_nanos(self.wall)
    }

    /// The monotonic clock, since its own start.
    pub const fn monotonic(self) -> Duration {
        Duration::from_nanos(self.monotonic)
    }
}

impl std::ops::Add<Duration> for Now {
    type Output = Self;

    /// The point `duration` later, on both clocks.
    fn add(self, duration: Duration) -> Self {
        let nanos = nanos(duration);
        Self { monotonic: self.monotonic.saturating_add(nanos), wall: self.wall.saturating_add(nanos) }
    }
}

/// The clocks of the system: coarse ones where the platform has them (Linux: within about 4 ms).
///
/// It sleeps on the tokio runtime it is asked from. Outside a runtime there is no timer, so that a sleep
/// never ends there: what then bounds an exchange is the transport's own timeout.
///
/// ```
/// use auth_layer::{Clock, SystemClock};
///
/// assert!(SystemClock::new().now().wall().as_secs() > 1_700_000_000);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock(());

impl SystemClock {
    /// The system's clocks.
    pub const fn new() -> Self {
        Self(())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Now {
        read()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        match tokio::runtime::Handle::try_current() {
            Ok(_) => Box::pin(tokio::time::sleep(duration)),
            Err(_) => Box::pin(std::future::pending()),
        }
    }
}

#[cfg(target_os = "linux")]
fn read() -> Now {
    use std::cell::Cell;

    use rustix::time::{ClockId, Timespec, clock_gettime};

    thread_local! {
        static LAST: Cell<Now> = const { Cell::new(Now { monotonic: 0, wall: 0 }) };
    }

    fn nanos(time: Timespec) -> u64 {
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(time.tv_nsec).unwrap_or(0))
    }
    // One tick moves both clocks: within one, the other reading is known.
    let wall = nanos(clock_gettime(ClockId::RealtimeCoarse));
    let last = LAST.get();
    if last.wall == wall {
        return last;
    }
    let now = Now { monotonic: nanos(clock_gettime(ClockId::MonotonicCoarse)), wall };
    LAST.set(now);
    now
}

#[cfg(not(target_os = "linux"))]
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
fn read() -> Now {
    use std::sync::LazyLock;
    use std::time::{Instant, SystemTime};

    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let start = *START;
    let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Now::new(start.elapsed(), wall)
}

const fn nanos(duration: Duration) -> u64 {
    let nanos = duration.as_nanos();
    if nanos > u64::MAX as u128 { u64::MAX } else { nanos as u64 }
}
