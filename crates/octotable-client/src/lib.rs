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
//! The client fetches, renews and replaces its tokens. [`Client::from_env`] reads the credentials from
//! `OCTOTABLE_CLIENT_ID` and `OCTOTABLE_CLIENT_SECRET`. `OCTOTABLE_BASE_URL` and `OCTOTABLE_TOKEN_URL` set other hosts.
//!
//! The provider documents two generations of hosts. The client uses `api.octorate.com` by default, with JSON token
//! requests. If the server answers 415, the client switches to a form. For the newer hosts, set a profile and a base
//! URL:
//!
//! ```
//! use octotable_client::{Client, Credentials};
//!
//! let newer = auth_profiles::named("octotable").ok_or("there is no such profile")?.variant("form")?;
//! let client = Client::builder()
//!     .profile(newer.profile()?)
//!     .base_url("https://api.octotable.com/octotable-pms/api/v2")
//!     .credentials(Credentials::new("client-id", "client-secret"))
//!     .build()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! An application needs only this crate: it exports the errors and all types in its signatures. [`ApiError`] is one
//! error type for calls of several operations. Its text contains the API's code and message.
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
//!         // For example: the API answered 404 Not Found: NOT_FOUND: no such thing (request id 7)
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

// Types in the signatures above, so that an application needs only this crate.
pub use auth_layer::{
    BoxError, CallBearer, Clock, ConfigError, Error as AuthError, ErrorKind, Identity, OperationMeta,
    Profile, RetryPolicy, Secret, SecretSource, StackLayer, TokenManager, TokenPool, TokenStore,
};
pub use client_core::{
    ApiError, Body, Builder, ByteStream, Bytes, Denial, Digits, Error, HeaderMap, Request, Response,
    ResponseValue, StatusCode,
};
pub use {auth_layer, chrono, client_core, serde_json};
