//! The source of the time. Everything here that waits or expires asks a [`Clock`], so that tests can move the time.
//!
//! ```
//! use auth_layer::Clock;
//! use auth_layer::clock::SystemClock;
//! use std::time::Duration;
//!
//! let clock = SystemClock::new();
//! let later = clock.now() + Duration::from_secs(60);
//! assert!(!clock.now().reached(later));
//! ```

#[expect(clippy::module_inception, reason = "the file has the trait for which the folder is named")]
mod clock;
#[cfg(feature = "test-util")]
mod test_clock;

pub(crate) use clock::sleep_if_there_is_a_timer;

pub use clock::{Clock, Now, Sleep, SystemClock};
#[cfg(feature = "test-util")]
pub use test_clock::TestClock;
