//! A typed client of the GoTab API: locations, tabs, price checks and GraphQL.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use gotab_client::{Client, Credentials};
//!
//! let client = Client::builder().credentials(Credentials::new("access-id", "access-secret")).build()?;
//! let locations = client.list_locations().send().await?;
//! println!("{locations:?}");
//! # Ok(())
//! # }
//! ```
//!
//! The client fetches, renews and replaces its tokens. [`Client::from_env`] reads the credentials from
//! `GOTAB_ACCESS_ID` and `GOTAB_ACCESS_SECRET`. `GOTAB_BASE_URL` and `GOTAB_TOKEN_URL` set other hosts.
//!
//! A 403 means that the location has not authorised the application. The client does not renew its token then. A
//! manager authorises the application with a [`LocationLink`].
//!
//! An application needs only this crate: it exports the errors and all types in its signatures. [`ApiError`] is one
//! error type for calls of several operations. Its text contains the API's code and message.
//!
//! ```
//! use gotab_client::{ApiError, Client, ErrorKind};
//!
//! async fn check(client: &Client) -> Result<(), ApiError> {
//!     client.list_locations().send().await?;
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
mod locations;

pub use auth::{ClientBuilder, Credentials};
pub use generated::{Client, meta, operations, responses, types};
pub use locations::{ApprovalError, LocationLink};

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
