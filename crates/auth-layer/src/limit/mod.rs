//! Keeps calls within the rate limits that a provider publishes.
//!
//! [`ThrottleLayer`] delays each request until its turn under the limit of its class. For a
//! [`StackLayer`](crate::StackLayer), call [`with_rate_limits`](crate::StackLayer::with_rate_limits). In other stacks,
//! give the layer to [`AuthLayer::with_rate_limits`](crate::AuthLayer::with_rate_limits). Then every request that is
//! sent has a turn, including a resend after a rejected token, and the token is added when the turn has come. Do not
//! put the layer inside of an `AuthLayer`: a token can expire while its request waits for a turn.
//!
//! ```
//! use auth_layer::limit::ThrottleLayer;
//! use auth_layer::{AuthLayer, Profile, TokenManager};
//! use tower::{Layer, ServiceBuilder};
//!
//! # fn show(manager: TokenManager) -> Result<(), auth_layer::ConfigError> {
//! # let transport = tower::service_fn(|_: http::Request<String>| async {
//! #     Ok::<_, auth_layer::BoxError>(http::Response::new(String::new()))
//! # });
//! let profile = Profile::new("example", "https://auth.example.com/token")?;
//! let service = ServiceBuilder::new()
//!     .layer(AuthLayer::new(&profile, manager).with_rate_limits(ThrottleLayer::new(&profile)))
//!     .service(transport);
//! # Ok(())
//! # }
//! ```
//!
//! In a stack without an `AuthLayer`, put it next to the transport.
//!
//! # Which requests count
//!
//! Requests to the profile's origins count. The operation names the class
//! ([`OperationMeta::rate_class`](crate::OperationMeta::rate_class)). If the request has no class:
//!
//! - It counts for the provider's class if the provider publishes only one.
//! - It has no limit if the provider publishes several classes.
//!
//! A class that the provider does not publish has no limit.
//!
//! # How they are spaced
//!
//! A tenth of the published number (at least one) may be sent at once. Further requests follow at even distances. The
//! distance is chosen so that no period of the published length contains more requests than published, wherever it
//! starts. A limit of 100 per minute becomes 10 at once and then one every 0.66 s.
//!
//! # Pauses that the provider asks for
//!
//! These responses pause their class, for 5 minutes at most:
//!
//! - a 429 with `Retry-After`, until that time,
//! - a response that has no calls left, until the reset (`X-RateLimit-Remaining: 0` with `X-RateLimit-Reset`, or both
//!   without `X-`).

mod future;
mod headers;
mod layer;
mod limits;
mod pace;
mod service;
mod spacing;
mod throttled;
mod turn;

pub use future::ResponseFuture;
pub use layer::{ThrottleLayer, ThrottleLayerBuilder};
pub use service::Throttle;
pub use throttled::Throttled;

pub(crate) use pace::{Pace, Place};
pub(crate) use turn::{ready, send_in_turn};
