//! A tower layer that puts an OAuth2 bearer token on outgoing requests and keeps it good.
//!
//! [`AuthLayer`] goes into any stack of `Service<http::Request<B>>`. It fetches the token when it is first wanted,
//! once however many callers wait; renews it early, in a task of its own; answers a rejected token by renewing and
//! sending again, once; and sends it to the origins it is for, and to no others.
//!
//! ```no_run
//! use auth_layer::{AuthLayer, Credential, Exchange, Grant, Profile, TokenManager, leaf};
//! use http_body_util::Full;
//! use tower::{Service, ServiceBuilder, ServiceExt};
//!
//! # async fn run() -> Result<(), auth_layer::BoxError> {
//! // Where tokens come from, and where they may go.
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
//! // From here on nobody thinks about tokens.
//! let request = http::Request::get("https://api.example.com/me").body(Full::default())?;
//! let response = client.ready().await?.call(request).await?;
//! # Ok(())
//! # }
//! ```
//!
//! In the order a reader meets them: [`Profile`] describes a provider; [`Exchange`] trades a [`Grant`] at its token
//! endpoint, and is one kind of [`TokenSource`]; [`TokenManager`] keeps the token; [`AuthLayer`] sends it. A
//! [`TokenPool`] keeps the managers of many identities, and the [`Identity`] of a request chooses among them. A
//! [`TokenStore`] keeps refresh tokens. [`OperationMeta`] and [`CallBearer`] go with a request, as extensions, and say
//! what is particular to it. [`limit`] keeps calls within a provider's rate limits.
//!
//! Two layers go outside of it. [`RetryLayer`] sends a request again after trouble that may pass, if it may be sent
//! twice: with a backoff, no sooner than the server asked for, within a budget for each origin and a deadline for each
//! call. [`ReplayBodyLayer`], outermost, records streams while they are sent, so that short ones can be sent again.
//! [`stack()`] puts all layers in the right order, with a span for each call and a timeout for each send.
//!
//! # Features
//!
//! - `axum`: [`TryClone`] for `axum::body::Body`.
//! - `file-store`: `FileStore`, which keeps tokens in files that the processes of one host share.
//! - `hyper-util` (default): [`leaf::hyper_util`], a leaf on hyper-util and rustls.
//! - `reqwest`: `leaf::reqwest`, a leaf on reqwest.
//! - `keyring`: `SealingKey::from_keyring`, for a file store whose key is in the operating system's keyring.
//! - `loopback`: `LoopbackListener`, where a browser comes back to after a sign-in on this machine.
//! - `reqwest-middleware`: `AuthMiddleware`, for stacks built on that crate.
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
