//! Keeps calls within the rate limits that a provider publishes.
//!
//! [`ThrottleLayer`] holds each request back until its turn under the limit of its class has come. It goes next to the
//! transport, inside of [`AuthLayer`](crate::AuthLayer) and of whatever retries, so that each request that is really
//! sent counts:
//!
//! ```
//! use auth_layer::limit::ThrottleLayer;
//! use auth_layer::{AuthLayer, Profile, TokenManager};
//! use tower::{Layer, ServiceBuilder};
//!
//! # fn show(manager: TokenManager) {
//! # let transport = tower::service_fn(|_: http::Request<String>| async {
//! #     Ok::<_, auth_layer::BoxError>(http::Response::new(String::new()))
//! # });
//! let profile = Profile::gotab();
//! let service = ServiceBuilder::new()
//!     .layer(AuthLayer::new(&profile, manager))
//!     .layer(ThrottleLayer::new(&profile))
//!     .service(transport);
//! # }
//! ```
//!
//! # Which requests count
//!
//! Those to the profile's origins. The class is that of the operation
//! ([`OperationMeta::rate_class`](crate::OperationMeta::rate_class)). A request that names none counts against the
//! only class there is; where the provider publishes several, it counts against none. A class that the provider does
//! not publish has no limit.
//!
//! # How they are spaced
//!
//! After a tenth of the published number at once (one, where that is less than one) at even distances, which are chosen
//! so that no period of that length, wherever it begins, ever holds more requests than published. For 100 a minute
//! these are 10 at once and one each 0.66 s.
//!
//! # What the provider says
//!
//! A 429 with `Retry-After` holds its class back until then; so does an answer that says there is nothing left
//! (`X-RateLimit-Remaining: 0` with `X-RateLimit-Reset`, or the same two without the `X-`), and says when there will
//! be. Neither for more than 5 minutes.

mod future;
mod headers;
mod layer;
mod pace;
mod service;
mod throttled;

pub use future::ResponseFuture;
pub use layer::{ThrottleLayer, ThrottleLayerBuilder};
pub use service::Throttle;
pub use throttled::Throttled;
