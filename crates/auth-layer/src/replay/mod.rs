//! Copies of requests, so that a request can be sent again unchanged.
//!
//! The copy is made before the request is sent. Just before the copy is sent, it is asked whether its body is whole.
//! Bytes in memory are always whole. A stream is whole once it is recorded to its end.
//!
//! ```
//! use auth_layer::replay::{ReplayBody, ReplayBodyLayer};
//! use http_body_util::Full;
//! use tower_layer::Layer;
//!
//! # let inner = tower::service_fn(|_: http::Request<ReplayBody<Full<bytes::Bytes>>>| async {
//! #     Ok::<_, auth_layer::BoxError>(http::Response::new(String::new()))
//! # });
//! // The default: up to 64 KiB of each body.
//! let service = ReplayBodyLayer::new().layer(inner);
//!
//! // With room for longer bodies.
//! let layer = ReplayBodyLayer::new().with_limit(1024 * 1024);
//! ```

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
