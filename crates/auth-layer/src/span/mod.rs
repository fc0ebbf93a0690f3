//! Puts a `tracing` span around each call.
//!
//! [`SpanLayer`] is the outermost layer of a stack, so that all attempts of a call are in one span.
//!
//! ```
//! use auth_layer::span::SpanLayer;
//! use auth_layer::{AuthLayer, Profile, RetryLayer, RetryPolicy, TokenManager};
//! use tower::ServiceBuilder;
//!
//! # fn show<S>(profile: &Profile, manager: TokenManager, send: S) {
//! let service = ServiceBuilder::new()
//!     .layer(SpanLayer::new())
//!     .layer(RetryLayer::new(RetryPolicy::new()))
//!     .layer(AuthLayer::new(profile, manager))
//!     .service(send);
//! # }
//! ```

mod future;
mod layer;
mod service;

pub use future::ResponseFuture;
pub use layer::SpanLayer;
pub use service::Spanned;
