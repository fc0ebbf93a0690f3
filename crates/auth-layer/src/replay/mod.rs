//! Sends a request a second time as the request it was, or not at all.

mod kept;
mod try_clone;

pub(crate) use kept::Kept;
pub use try_clone::TryClone;
