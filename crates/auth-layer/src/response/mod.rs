//! Responses of an API: the wait that one asks for, and the rest of one that is not returned.

mod drain;
mod retry_after;

pub use retry_after::RetryAfter;

pub(crate) use drain::drain;
