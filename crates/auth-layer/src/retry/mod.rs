//! Sends a request again after a failure that may pass: a status such as 503, or a broken connection.
//!
//! [`RetryLayer`] goes outside of [`AuthLayer`](crate::AuthLayer), so that each attempt asks for the token. After a
//! long wait the request carries the current token.
//!
//! A request is sent again only if its body can be sent again and one of these is true:
//!
//! - Its [`OperationMeta`](crate::OperationMeta) says that it is idempotent. If it says the opposite, that has
//!   precedence over the method.
//! - Its method is idempotent (RFC 9110 section 9.2.2).
//! - It has an idempotency key.
//! - There never was a connection.
//!
//! Then:
//!
//! | outcome of an attempt | reaction |
//! | --- | --- |
//! | 408, 429, 500, 502, 503, 504 | sent again after a backoff, and not before the time in `Retry-After` |
//! | any other status | returned to the caller |
//! | this crate's [`Error`](crate::Error) | returned to the caller: the token manager has its own backoff |
//! | any other error | sent again after a backoff |
//!
//! If the caller gets a response that asked for a wait, its extensions contain the wait as
//! [`RetryAfter`](crate::response::RetryAfter).
//!
//! Attempts of this layer and resends after a rejected token are counted separately. Each attempt may have one resend:
//! with 4 attempts a request is sent at most 8 times.
//!
//! This is not a policy for `tower::retry`, for three reasons:
//!
//! - `tower::retry` does not show its policy the response of a request that cannot be cloned.
//! - It has no deadline for a request that is in progress.
//! - It only lends the response to the policy, but a body can only be drained by its owner.
//!
//! ```
//! use auth_layer::{AccessToken, AuthLayer, Profile, RetryLayer, RetryPolicy, StaticToken, TokenManager};
//! use tower::ServiceBuilder;
//!
//! let profile = Profile::new("example", "https://auth.example.com/token")?
//!     .with_origin("https://api.example.com")?;
//! let manager = TokenManager::new(StaticToken::new(AccessToken::new("abc")?));
//!
//! # let leaf = tower::service_fn(|_: http::Request<String>| async {
//! #     Ok::<_, auth_layer::BoxError>(http::Response::new(String::new()))
//! # });
//! let client = ServiceBuilder::new()
//!     .layer(RetryLayer::new(RetryPolicy::new()))
//!     .layer(AuthLayer::new(&profile, manager))
//!     .service(leaf);
//! # Ok::<(), auth_layer::BoxError>(())
//! ```

mod backoff;
mod budget;
mod call;
mod classify;
mod deadline;
mod future;
mod idempotency;
mod layer;
mod policy;
mod service;
mod stats;

pub use deadline::DeadlinePassed;
pub use future::ResponseFuture;
pub use layer::RetryLayer;
pub use policy::RetryPolicy;
pub use service::Retry;
pub use stats::RetryStats;
