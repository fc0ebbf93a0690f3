//! `Clock`: the only source of the time.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// The future of [`Clock::sleep`].
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The source of the time: the system's clocks, or a clock of a test.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Returns a reading of both clocks. It is called for every request, so it should be fast.
    fn now(&self) -> Now;

    /// Returns a future that completes after `duration`.
    fn sleep(&self, duration: Duration) -> Sleep;
}

/// Returns a future that completes after `duration`. Outside a tokio runtime there is no timer, and the future
/// completes at once: a caller that limits a read must not wait for ever.
pub(crate) fn sleep_if_there_is_a_timer(clock: &dyn Clock, duration: Duration) -> Sleep {
    match tokio::runtime::Handle::try_current() {
        Ok(_) => clock.sleep(duration),
        Err(_) => Box::pin(std::future::ready(())),
    }
}

/// One reading of two clocks: the monotonic clock, which cannot be set, and the wall clock, which continues while the
/// machine is suspended.
///
/// A point in time is reached when **either** clock has reached it. So an expired token is detected even if the wall
/// clock was set back, or the monotonic clock stopped during a suspend.
///
/// ```
/// use auth_layer::clock::Now;
/// use std::time::Duration;
///
/// let start = Now::new(Duration::ZERO, Duration::from_secs(1_700_000_000));
/// let expiry = start + Duration::from_secs(60);
/// let after_suspend = Now::new(Duration::ZERO, Duration::from_secs(1_700_003_600));
/// assert!(after_suspend.reached(expiry));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Nanoseconds since an arbitrary start.
    monotonic: u64,
    /// Nanoseconds since the Unix epoch.
    wall: u64,
}

impl Now {
    /// Creates a reading: `monotonic` since any fixed start, `wall` since the Unix epoch. Both saturate after 584
    /// years.
    pub const fn new(monotonic: Duration, wall: Duration) -> Self {
        Self { monotonic: nanos(monotonic), wall: nanos(wall) }
    }

    /// Returns whether either clock has reached `point`.
    pub const fn reached(self, point: Self) -> bool {
        self.monotonic >= point.monotonic || self.wall >= point.wall
    }

    /// Returns the time until `point` on the clock that reaches it first; zero if it is reached.
    pub fn until(self, point: Self) -> Duration {
        let monotonic = point.monotonic.saturating_sub(self.monotonic);
        let wall = point.wall.saturating_sub(self.wall);
        Duration::from_nanos(monotonic.min(wall))
    }

    /// Returns the wall clock's time since the Unix epoch.
    pub const fn wall(self) -> Duration {
        Duration::from_nanos(self.wall)
    }

    /// Returns the monotonic clock's time since its start.
    pub const fn monotonic(self) -> Duration {
        Duration::from_nanos(self.monotonic)
    }
}

impl std::ops::Add<Duration> for Now {
    type Output = Self;

    /// Returns the point that is `duration` later on both clocks.
    fn add(self, duration: Duration) -> Self {
        let nanos = nanos(duration);
        Self { monotonic: self.monotonic.saturating_add(nanos), wall: self.wall.saturating_add(nanos) }
    }
}

/// The system's clocks. On Linux it reads the coarse clocks, which are exact to about 4 ms.
///
/// It sleeps with the timer of the current tokio runtime. Outside a runtime there is no timer, and a sleep never ends.
/// An exchange is then limited only by the transport's own timeout.
///
/// ```
/// use auth_layer::clock::SystemClock;
/// use auth_layer::Clock;
///
/// assert!(SystemClock::new().now().wall().as_secs() > 1_700_000_000);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock(());

impl SystemClock {
    /// Creates the clock.
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
            // A sleep that completed at once would make every timeout fire at once.
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
        // A wall clock that is set before 1970 counts as 1970.
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(time.tv_nsec).unwrap_or(0))
    }
    // The kernel updates both coarse clocks at the same tick. If the wall clock has not changed, neither has the other
    // one, and it need not be read.
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
