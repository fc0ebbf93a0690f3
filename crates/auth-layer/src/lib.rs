//! A tower layer that puts an OAuth2 bearer token on outgoing requests and renews it.
//!
//! [`AuthLayer`] goes into any stack of `Service<http::Request<B>>`:
//!
//! - It fetches the token with the first request that needs it. Any number of concurrent callers share one token
//!   request.
//! - It renews the token before it expires, in a background task.
//! - If a server rejects the token, it renews the token and sends the request once more.
//! - It sends the token only to the configured origins.
//!
//! ```no_run
//! use auth_layer::{AuthLayer, Credential, Exchange, Grant, Profile, TokenManager, leaf};
//! use http_body_util::Full;
//! use tower::{Service, ServiceBuilder, ServiceExt};
//!
//! # async fn run() -> Result<(), auth_layer::BoxError> {
//! // The endpoint that issues tokens, and the API that receives them.
//! let profile = Profile::new("example", "https://auth.example.com/token")?
//!     .with_origin("https://api.example.com")?;
//! let credential = Credential::new("client-id", std::env::var("CLIENT_SECRET")?);
//! let exchange = Exchange::builder(profile.clone(), credential, Grant::ClientCredentials).build()?;
//!
//! // One line in the stack.
//! let mut client = ServiceBuilder::new()
//!     .layer(AuthLayer::new(&profile, TokenManager::new(exchange)))
//!     .service(leaf::hyper_util::client::<Full<bytes::Bytes>>()?);
//!
//! // Requests now carry a valid token.
//! let request = http::Request::get("https://api.example.com/me").body(Full::default())?;
//! let response = client.ready().await?.call(request).await?;
//! # Ok(())
//! # }
//! ```
//!
//! The main types, in the order in which a reader meets them:
//!
//! - [`Profile`] describes a provider.
//! - [`Exchange`] trades a [`Grant`] for a token at the provider's token endpoint. It is one kind of [`TokenSource`].
//! - [`TokenManager`] caches the token and renews it.
//! - [`AuthLayer`] sends the token.
//! - [`TokenPool`] has one manager for each identity. The [`Identity`] of a request chooses the manager.
//! - [`TokenStore`] stores refresh tokens.
//! - [`OperationMeta`] and [`CallBearer`] are request extensions. They state the needs of one request.
//!
//! [`stack()`] puts all layers in the right order. Each has a module of its own:
//!
//! | module | layer |
//! | --- | --- |
//! | [`replay`] | records a streamed body while it is sent, so that a short body can be sent again |
//! | [`span`] | one span for each call |
//! | [`retry`] | sends a request again after a temporary failure, if the request may be sent twice |
//! | [`authorize`] | adds the token, and renews a rejected one |
//! | [`limit`] | keeps calls within a provider's rate limits |
//! | [`timeout`] | limits the time of each send |
//!
//! The other modules hold what surrounds the main types: [`sign_in`] for people, [`store`] for tokens that outlive a
//! process, [`metadata`] for issuers that publish a document, [`profile`] for providers that depart from the RFCs.
//!
//! # Features
//!
//! - `axum`: [`TryClone`] for `axum::body::Body`.
//! - `file-store`: `FileStore`, which stores tokens in files that the processes of one host share.
//! - `hyper-util` (default): [`leaf::hyper_util`], which sends requests with hyper-util and rustls.
//! - `reqwest`: `leaf::reqwest`, which sends requests with reqwest.
//! - `keyring`: `SealingKey::from_keyring`, for a file store whose key is in the operating system's keyring.
//! - `loopback`: `LoopbackListener`, a small server on this machine that receives the browser after a sign-in.
//! - `reqwest-middleware`: `AuthMiddleware`, for `reqwest_middleware` clients.
//! - `test-util`: `TestClock`, for tests that never sleep.
//! - `tonic`: [`TryClone`] for `tonic::body::Body`.

pub mod authorize;
pub mod clock;
pub mod endpoint;
pub mod error;
pub mod grant;
mod identity;
pub mod leaf;
pub mod limit;
pub mod manager;
pub mod metadata;
pub mod operation;
pub mod pool;
pub mod profile;
pub mod replay;
pub mod response;
pub mod retry;
mod secret;
pub mod sign_in;
pub mod source;
pub mod span;
mod stack;
pub mod store;
mod sync;
pub mod timeout;
pub mod token;
mod url;

pub use authorize::AuthLayer;
#[cfg(feature = "reqwest-middleware")]
pub use authorize::AuthMiddleware;
pub use clock::Clock;
#[cfg(feature = "test-util")]
pub use clock::TestClock;
pub use endpoint::Transport;
pub use error::{BoxError, ConfigError, Error, ErrorKind, OAuthError};
pub use grant::Grant;
pub use identity::Identity;
pub use manager::{Token, TokenManager};
pub use metadata::Metadata;
pub use operation::OperationMeta;
pub use pool::TokenPool;
pub use profile::{ClientAuth, Encoding, Profile, ReplayRule};
pub use replay::TryClone;
pub use retry::{RetryLayer, RetryPolicy};
pub use secret::{Credential, Secret, SecretSource};
pub use sign_in::SignIn;
pub use source::{Exchange, StaticToken, TokenSource};
pub use stack::{StackLayer, stack};
#[cfg(feature = "file-store")]
pub use store::{FileStore, SealingKey};
pub use store::{MemoryStore, TokenStore};
#[cfg(any(auth_layer_model = "loom", auth_layer_model = "shuttle"))]
#[doc(hidden)]
pub use sync::model;
pub use token::{AccessToken, CallBearer, RefreshToken, Scope};

/// The README's examples.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
