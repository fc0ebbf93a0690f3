//! Limits the time that one send may take.
//!
//! [`TimeoutLayer`] drops a request whose response does not begin in time. Put it inside of
//! [`RetryLayer`](crate::RetryLayer) and [`AuthLayer`](crate::AuthLayer), next to the service that sends. Then each
//! send has the whole time, and a wait for a token does not count.
//!
//! ```
//! use auth_layer::timeout::{TimedOut, TimeoutLayer};
//! use std::time::Duration;
//! use tower::{Layer, ServiceExt};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! // A server that never answers.
//! let silent = tower::service_fn(|_: http::Request<()>| {
//!     std::future::pending::<Result<http::Response<()>, auth_layer::BoxError>>()
//! });
//! let service = TimeoutLayer::new(Duration::from_millis(5)).layer(silent);
//! let error = service.oneshot(http::Request::new(())).await.unwrap_err();
//! assert_eq!(error.downcast_ref::<TimedOut>().map(TimedOut::limit), Some(Duration::from_millis(5)));
//! # }
//! ```

mod future;
mod layer;
mod limit;
mod service;
mod timed_out;

pub use future::ResponseFuture;
pub use layer::TimeoutLayer;
pub use service::Timeout;
pub use timed_out::TimedOut;

pub(crate) use limit::Limit;
