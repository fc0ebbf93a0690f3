//! Faults on demand: what can go wrong at a site, and how it is played.
//!
//! Each host of a site has a queue of faults. A fault waits there until a request comes to which it applies:
//!
//! - `Status`, `Unauthorized`, `Forbidden`, `UnsupportedMediaType`, `RateLimited`, `Unavailable`, `Echo`, `Hang` and
//!   `DropConnection` replace the answer. The request is read, but it has no effect.
//! - `Delay` waits and then handles the request as usual.
//! - `CutOff`, `Malformed` and `LoseAnswer` handle the request and spoil the answer. A token lost this way was issued,
//!   and a refresh token lost this way was used up.

#[expect(clippy::module_inception, reason = "the enum that names the folder")]
mod fault;
mod fault_queue;
mod malformed;
mod named;
mod play;
mod schedule;
mod script;

pub use fault::Fault;
pub(crate) use fault_queue::FaultQueue;
pub use malformed::Malformed;
pub(crate) use play::{Hangup, instead, upon};
pub use schedule::Scheduled;
