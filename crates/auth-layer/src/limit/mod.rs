//! Keeps calls within the rate limits that a provider publishes.
//!
//! [`ThrottleLayer`] holds each request back until its turn under the limit of its class has come. [`StackLayer`](crate::StackLayer) does
//! so where it is [wanted](crate::StackLayer::with_rate_limits). In other stacks, give it to the
//! [`AuthLayer`](crate::AuthLayer::with_rate_limits): then each request that is really sent has a turn, also one that is
//! sent again after a rejection, and the token is put on when the turn has come. Under an `AuthLayer` that does not know
//! of it, a token can expire while its request waits for a turn.
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
//!     .layer(AuthLayer::new(&profile, manager).with_rate_limits(ThrottleLayer::new(&profile)))
//!     .service(transport);
//! # }
//! ```
//!
//! A stack without an `AuthLayer` takes it as a layer of its own, next to the transport.
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
mod spacing;
mod throttled;
mod turn;

pub use future::ResponseFuture;
pub use layer::{ThrottleLayer, ThrottleLayerBuilder};
pub use service::Throttle;
pub use throttled::Throttled;

pub(crate) use pace::{Pace, Place};
pub(crate) use turn::{ready, send_in_turn};
