//! Owns the current token.
//!
//! ```text
//!            requested               renew_from                       expires_at
//!              |------- fresh ----------|------------- stale ------------|--- expired --->
//!   callers:        use it                 use it; one renewal runs          wait for the exchange
//! ```
//!
//! An *exchange* asks the token source for a token. A *flight* is an exchange that runs now, in a task of its own. All
//! callers that wait share its outcome. The flight belongs to the manager, so no caller stops it by going away.
//!
//! - A failure is remembered for a while. Callers get it at once, or wait for the next exchange if they have patience.
//! - While a permanent failure is remembered, the source is asked once a second whether it would send something else by
//!   now, such as a corrected secret. If so, the next exchange starts at once.
//! - A token that has expired when it arrives fails no caller. The callers go on waiting, and the source is asked
//!   again, at most once a second.

mod attempt;
mod builder;
mod current_token;
mod failures;
mod flight;
mod handle;
mod keep_alive;
mod keeper;
mod panicked;
mod patience;
#[cfg(test)]
mod properties;
mod rejections;
mod renewal;
mod sign_in_listener;
mod start;
mod state;
mod token_manager;

pub use builder::TokenManagerBuilder;
pub use current_token::Token;
pub use token_manager::{Stats, TokenManager};

pub(crate) use patience::Patience;
pub(crate) use state::Usage;
