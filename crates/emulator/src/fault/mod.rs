//! Faults on demand: what a test asks a site to do wrong, and how it is done.
//!
//! A fault waits in a queue, one per host of a site, until a request comes that it fits; it is played instead of the
//! answer, or upon it:
//!
//! - `Status`, `Unauthorized`, `Forbidden`, `UnsupportedMediaType`, `RateLimited`, `Unavailable`, `Echo`, `Hang` and
//!   `DropConnection` stand in the way: the request is read, and nothing is done about it.
//! - `Delay` waits and then does what was asked.
//! - `CutOff`, `Malformed` and `LoseAnswer` do what was asked and spoil the answer: a token lost this way has been issued, a refresh
//!   token lost this way has been used up.

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
