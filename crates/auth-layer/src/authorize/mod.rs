//! Puts the token on requests, and answers rejections.
//!
//! [`AuthLayer`] wraps any tower service over `http` types. For each request it asks, in this order:
//!
//! 1. Is the target one of the profile's origins? If not, the request is passed on unchanged, and each such origin
//!    causes one warning. A target without scheme and host is an error, unless
//!    [`with_target_origin`](AuthLayer::with_target_origin) was called.
//! 2. Did the caller set `Authorization`? Then the request is passed on unchanged.
//! 3. Did the caller give a [`CallBearer`](crate::CallBearer)? Then that bearer is sent, and never renewed.
//! 4. Does the operation need the managed token ([`OperationMeta`](crate::OperationMeta))? Then the token is put on. If
//!    the response rejects it, the token is renewed, and the request is sent once more if its body can be sent again.
//!    With a [`TokenPool`](crate::TokenPool), the token is that of the request's [`Identity`](crate::Identity).
//!
//! A response rejects the token if it is
//!
//! - a 401, unless its challenges say that the token is good (`insufficient_scope`, `insufficient_user_authentication`,
//!   `invalid_request`). A 401 without a `Bearer` challenge counts as well, unless the profile says otherwise
//!   ([`with_bearer_challenges_only`](crate::Profile::with_bearer_challenges_only));
//! - or a response whose body holds one of the profile's signs ([`BodySign`](crate::profile::BodySign)), whatever its
//!   status;
//! - or the response to a gRPC call (HTTP/2 and `application/grpc`) that ends with `grpc-status: 16` before any
//!   message. If the request was sent completely and can be sent again, the caller gets the head after the first frame,
//!   or after 1 s. A call whose request is still being sent is never delayed.
//!
//! Put the layer inside of layers that retry or follow redirects, so that each attempt is judged by itself.
//!
//! ```
//! use auth_layer::{AccessToken, AuthLayer, Profile, StaticToken, TokenManager};
//! use tower::{Layer, ServiceExt};
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let profile = Profile::new("example", "https://auth.example.com/token")?.with_origin("https://api.example.com")?;
//! let manager = TokenManager::new(StaticToken::new(AccessToken::new("abc")?));
//! // The inner service sends requests. This one answers 200 to the token, and 403 without one.
//! let inner = tower::service_fn(|request: http::Request<String>| async move {
//!     let mut response = http::Response::new(String::new());
//!     if request.headers().get("authorization").is_none_or(|header| header != "Bearer abc") {
//!         *response.status_mut() = http::StatusCode::FORBIDDEN;
//!     }
//!     Ok::<_, auth_layer::BoxError>(response)
//! });
//! let client = AuthLayer::new(&profile, manager).layer(inner);
//!
//! let listed = client.clone().oneshot(http::Request::get("https://api.example.com/me").body(String::new())?).await?;
//! assert_eq!(listed.status(), 200);
//! let other = client.oneshot(http::Request::get("https://elsewhere.example").body(String::new())?).await?;
//! assert_eq!(other.status(), 403);
//! # Ok::<(), auth_layer::BoxError>(())
//! # })?;
//! # Ok::<(), auth_layer::BoxError>(())
//! ```

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
mod operation;
mod resend;
mod rules;
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
