//! A typed client of the GBG GO journey API: start a journey, answer its interactions, read its state.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use gbg_go_client::{Client, Credentials, Region};
//!
//! let client = Client::builder_in(Region::Eu)
//!     .credentials(Credentials::new("client-id", "client-secret"))
//!     .build()?;
//! let state = client
//!     .fetch_state_slim()
//!     .body_map(|body| body.instance_id("Pq_hhIX6-sHUy9FLSDzPLu"))
//!     .send()
//!     .await?;
//! println!("{}", state.status);
//! # Ok(())
//! # }
//! ```
//!
//! The client fetches, renews and replaces its tokens. [`Client::from_env`] reads the credentials from
//! `GBG_GO_CLIENT_ID` and `GBG_GO_CLIENT_SECRET`. `GBG_GO_BASE_URL` and `GBG_GO_TOKEN_URL` set other hosts.
//!
//! Some operations are for the end user's device and need another token, which the client does not manage. Give it to
//! the client for those calls:
//!
//! ```no_run
//! # async fn run(client: gbg_go_client::Client) -> Result<(), Box<dyn std::error::Error>> {
//! let device = client.with_bearer(gbg_go_client::CallBearer::new("end-user-token")?);
//! let handoff = device.create_handoff_token().instance_id("Pq_hhIX6-sHUy9FLSDzPLu").send().await?;
//! # Ok(())
//! # }
//! ```
//!
//! An application needs only this crate: it exports the errors and all types in its signatures. [`ApiError`] is one
//! error type for calls of several operations. Its text contains the API's code and message.
//!
//! ```
//! use gbg_go_client::{ApiError, Client, ErrorKind};
//!
//! async fn check(client: &Client) -> Result<(), ApiError> {
//!     client.fetch_state_slim().body_map(|body| body.instance_id("Pq_hhIX6")).send().await?;
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

pub use auth::{ClientBuilder, Credentials, Region};
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
