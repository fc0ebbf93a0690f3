//! Owns the current token.
//!
//! ```text
//!            issued                 soft point                        hard point
//!              |------- fresh ----------|------------- stale ------------|--- expired --->
//!   callers:        use it                 use it; one renewal runs          wait for the flight
//! ```
//!
//! A renewal is a *flight*: one exchange, in a task of its own, whose outcome all who wait share. It belongs to
//! the manager, so that no caller's going can stop it. Its failure is remembered for a while, and callers who
//! come meanwhile get the error at once, or wait for the next exchange if they have patience. After a permanent failure the source is asked once a second whether it would
//! send something else by now, such as a secret that was corrected; that ends the wait.
//!
//! A token whose life is over when it arrives is not a failure of those who wait: they go on waiting, and the source is
//! asked again, at most once a second.

mod attempt;
mod failures;
mod flight;
mod keep_alive;
mod keeper;
mod panicked;
mod patience;
#[cfg(test)]
mod properties;
mod rejections;
mod renewal;
mod signal;
mod slot;
mod token_manager;

pub use slot::Token;
pub use token_manager::{Stats, TokenManager, TokenManagerBuilder};

pub(crate) use keeper::Standing;
pub(crate) use patience::Patience;
