//! Sends a request a second time as the request it was, or not at all.
//!
//! A copy is taken before a request is sent, and asked just before it is sent itself whether it is whole: bytes in hand
//! always are, a stream is once it was recorded to its end.

mod body;
mod body_copy;
mod common;
#[cfg(any(feature = "axum", feature = "tonic"))]
mod foreign;
mod kept;
mod layer;
mod service;
mod tape;
mod try_clone;
mod under_retry;

pub use body::ReplayBody;
pub use body_copy::BodyCopy;
pub(crate) use common::Common;
pub(crate) use kept::{Keep, Kept};
pub use layer::ReplayBodyLayer;
pub use service::Replay;
pub use try_clone::TryClone;
pub(crate) use under_retry::UnderRetry;
