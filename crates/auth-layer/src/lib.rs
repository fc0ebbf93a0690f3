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
//! - [`limit`] keeps calls within a provider's rate limits.
//!
//! Two layers wrap the [`AuthLayer`]:
//!
//! - [`RetryLayer`] sends a request again after a temporary failure, if the request may be sent twice. It waits between
//!   attempts, at least as long as the server asks. It has a budget for each origin and a deadline for each call.
//! - [`ReplayBodyLayer`] is the outermost layer. It records a streamed body while it is sent, so that a short body can
//!   be sent again.
//!
//! [`stack()`] puts all layers in the right order, with a span for each call and a timeout for each send.
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

mod authorize;
mod clock;
mod config_error;
mod credential;
mod custom_grant;
mod drain;
mod endpoint;
mod error;
mod grant;
mod identity;
pub mod leaf;
pub mod limit;
mod manager;
mod metadata;
mod operation;
mod pool;
mod profile;
mod replay;
mod retry;
mod retry_after;
mod secret;
mod secret_source;
mod sign_in;
mod source;
mod span;
mod stack;
mod store;
mod sync;
#[cfg(feature = "test-util")]
mod test_clock;
mod timeout;
mod token;
mod token_exchange;
mod url;

#[cfg(feature = "reqwest-middleware")]
pub use authorize::AuthMiddleware;
pub use authorize::{Auth, AuthLayer, AuthOnce, AuthOnceLayer, ResponseBody, ResponseFuture, challenge};
pub use clock::{Clock, Now, Sleep, SystemClock};
pub use config_error::ConfigError;
pub use credential::Credential;
pub use custom_grant::CustomGrant;
pub use endpoint::{Transport, TransportBody, USER_AGENT};
pub use error::{BoxError, Error, ErrorKind, OAuthError, QuotedError};
pub use grant::Grant;
pub use identity::Identity;
pub use manager::{Stats, Token, TokenManager, TokenManagerBuilder};
pub use metadata::{Metadata, MetadataCache};
pub use operation::{ArrayStyle, OperationMeta, Security};
pub use pool::{PoolStats, TokenPool, TokenPoolBuilder};
pub use profile::{
    AnswerNames, BodySign, ClientAuth, DeviceNames, Encoding, ExpiryFormat, LifetimeUnit, Origin, Origins,
    Profile, RateLimit, ReplayRule, ScopeSeparator, TokenUrl,
};
pub use replay::{BodyCopy, Replay, ReplayBody, ReplayBodyLayer, TryClone};
pub use retry::{DeadlinePassed, Retry, RetryFuture, RetryLayer, RetryPolicy, RetryStats};
pub use retry_after::RetryAfter;
pub use secret::Secret;
pub use secret_source::SecretSource;
#[cfg(feature = "loopback")]
pub use sign_in::LoopbackListener;
pub use sign_in::{
    Authorization, DeviceCode, Pkce, RecoveredSignIn, Revocation, SignIn, SignInBuilder, SignedIn, SignedOut,
};
pub use source::{Exchange, ExchangeBuilder, IssuedToken, StaticToken, TokenRequest, TokenSource};
pub use span::{SpanFuture, SpanLayer, Spanned};
pub use stack::{StackLayer, stack};
pub use store::{
    Entry, Label, MemoryStore, Record, State, StoreError, StoreErrorKind, StoreKey, TokenStore, Version,
};
#[cfg(feature = "file-store")]
pub use store::{FileStore, FileStoreBuilder, SealingKey};
#[cfg(any(auth_layer_model = "loom", auth_layer_model = "shuttle"))]
#[doc(hidden)]
pub use sync::model;
#[cfg(feature = "test-util")]
pub use test_clock::TestClock;
pub use timeout::{TimedOut, Timeout, TimeoutFuture, TimeoutLayer};
pub use token::{AccessToken, CallBearer, Generation, RefreshToken, Resource, Scope, TokenTypeId};
pub use token_exchange::TokenExchange;
