//! A typed client of the GoTo Admin and Webinar APIs.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use goto_client::{Client, Credentials};
//!
//! let client = Client::builder()
//!     .credentials(Credentials::new("client-id", "client-secret", "refresh-token"))
//!     .build()?;
//! let me = client.admin().get_me().send().await?;
//! println!("organizer {}", me.key);
//! # Ok(())
//! # }
//! ```
//!
//! The client fetches, renews and replaces its tokens. It stores the new refresh token that GoTo issues about once a
//! month. Give [`ClientBuilder::store`](client_core::Builder::store) a store that outlives the process, or read the
//! token from that store yourself. Otherwise the next start needs a refresh token that is still valid.
//!
//! [`Client::from_env`] reads `GOTO_CLIENT_ID`, `GOTO_CLIENT_SECRET` and `GOTO_REFRESH_TOKEN`. `GOTO_ADMIN_URL`,
//! `GOTO_WEBINAR_URL` and `GOTO_TOKEN_URL` set other hosts.
//!
//! An application needs only this crate: it exports the errors and all types in its signatures. [`ApiError`] is one
//! error type for calls of several operations. Its text contains the API's code and message.
//!
//! ```
//! use goto_client::{ApiError, Client, ErrorKind};
//!
//! async fn check(client: &Client) -> Result<(), ApiError> {
//!     client.admin().get_me().send().await?;
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

pub use auth::{Client, ClientBuilder, Credentials, GotoApi};
pub use generated::{admin, webinar};

// Types in the signatures above, so that an application needs only this crate.
pub use auth_layer::{
    BoxError, CallBearer, Clock, ConfigError, Error as AuthError, ErrorKind, Identity, OperationMeta,
    Profile, RetryPolicy, Secret, SecretSource, StackLayer, TokenManager, TokenPool, TokenStore,
};
pub use client_core::{
    ApiError, Body, Builder, ByteStream, Bytes, Denial, Digits, Error, HeaderMap, Request, Response,
    ResponseValue, StatusCode,
};
pub use {auth_layer, chrono, client_core};
