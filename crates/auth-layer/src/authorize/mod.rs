//! Puts the token on requests, and answers a rejected one.
//!
//! [`AuthLayer`] wraps any tower service over `http` types. For each request it asks, in this order:
//!
//! 1. Is the target one of the profile's origins? If not, the request goes on untouched, with one warning for each origin.
//!    A target without scheme and host is an error, unless the layer was told where such requests go
//!    ([`with_target_origin`](AuthLayer::with_target_origin)).
//! 2. Did the caller set `Authorization`? Then it goes on untouched.
//! 3. Did the caller give a [`CallBearer`](crate::CallBearer)? Then that is sent, and nothing renewed.
//! 4. Does the operation want the managed token ([`OperationMeta`](crate::OperationMeta))? Then it is put on, and
//!    a response that rejects it is answered by a renewal and one resend, if the body can be sent again. Over a
//!    [`TokenPool`](crate::TokenPool), it is the token of the [`Identity`](crate::Identity) that goes with the request.
//!
//! A response rejects the token if it is
//!
//! - a 401, unless its challenges say that the token is good (`insufficient_scope`,
//!   `insufficient_user_authentication`, `invalid_request`). A 401 that names other schemes than `Bearer` only counts as
//!   well, unless the profile says otherwise
//!   ([`with_bearer_challenges_only`](crate::Profile::with_bearer_challenges_only));
//! - or a response whose body holds one of the profile's signs ([`BodySign`](crate::BodySign)), whatever its status;
//! - or the response to a gRPC call (HTTP/2 and `application/grpc`) that ends with `grpc-status: 16` before any message.
//!   Its head waits for the first frame, for 1 s at most, if the request was sent to its end and can be sent again. A call
//!   that still sends is never held back.
//!
//! Put it inside of anything that retries or follows redirects, so that each attempt is judged anew.

mod body;
pub mod challenge;
mod decide;
mod future;
mod grpc;
mod judge;
mod layer;
#[cfg(feature = "reqwest-middleware")]
mod middleware;
mod once;
mod resend;
mod service;
mod service_sender;
mod unlisted;
mod waiting;

pub use body::ResponseBody;
pub use future::ResponseFuture;
pub use layer::AuthLayer;
#[cfg(feature = "reqwest-middleware")]
pub use middleware::AuthMiddleware;
pub use once::{AuthOnce, AuthOnceLayer};
pub use service::Auth;
