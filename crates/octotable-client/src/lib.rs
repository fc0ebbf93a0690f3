//! A typed client of the Octotable API: reservations, availability and rooms.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use octotable_client::{Client, Credentials};
//!
//! let client = Client::builder().credentials(Credentials::new("client-id", "client-secret")).build()?;
//! let reservations = client.list_reservations().property(999_643).limit(20).send().await?;
//! println!("{} reservations", reservations.data.len());
//! # Ok(())
//! # }
//! ```
//!
//! Tokens are never mentioned again: the client fetches, renews and replaces them. [`Client::from_env`] takes the
//! credentials from `OCTOTABLE_CLIENT_ID` and `OCTOTABLE_CLIENT_SECRET`; `OCTOTABLE_BASE_URL` and
//! `OCTOTABLE_TOKEN_URL` name other hosts.
//!
//! The provider documents two generations of hosts. The client starts with `api.octorate.com`, whose token requests
//! are JSON; where a server wants a form instead, it answers 415, and the client turns to the form by itself. The newer
//! hosts are a profile and a base URL away:
//!
//! ```
//! use auth_layer::Profile;
//! use octotable_client::{Client, Credentials};
//!
//! let client = Client::builder()
//!     .profile(Profile::octotable_form())
//!     .base_url("https://api.octotable.com/octotable-pms/api/v2")
//!     .credentials(Credentials::new("client-id", "client-secret"))
//!     .build()?;
//! # Ok::<(), auth_layer::ConfigError>(())
//! ```
//!
//! An application needs this crate alone: errors, and all that signatures name, are here. [`ApiError`] is one error for
//! calls of several operations, and says what the API said.
//!
//! ```
//! use octotable_client::{ApiError, Client, ErrorKind};
//!
//! async fn check(client: &Client) -> Result<(), ApiError> {
//!     client.list_rooms().property(700_118).send().await?;
//!     Ok(())
//! }
//!
//! fn advice(error: &ApiError) -> String {
//!     match error.auth().map(|error| error.kind()) {
//!         Some(ErrorKind::SignInAgain) => "sign in again".to_owned(),
//!         _ if error.is_transient() => "try again later".to_owned(),
//!         // Such as: the API answered 404 Not Found: NOT_FOUND: no such thing (request id 7)
//!         _ => error.to_string(),
//!     }
//! }
//! # let _ = (check, advice);
//! ```

mod auth;
#[rustfmt::skip]
mod generated;

pub use auth::{ClientBuilder, Credentials};
pub use generated::{Client, meta, operations, types};

// What the signatures above name, so that an application needs this crate alone.
pub use auth_layer::{
    BoxError, CallBearer, Clock, ConfigError, Error as AuthError, ErrorKind, Identity, OperationMeta,
    Profile, RetryPolicy, Secret, SecretSource, StackLayer, TokenManager, TokenPool, TokenStore,
};
pub use client_core::{
    ApiError, Body, Builder, ByteStream, Bytes, Denial, Digits, Error, HeaderMap, Request, Response,
    ResponseValue, StatusCode,
};
pub use {auth_layer, chrono, client_core, serde_json};
