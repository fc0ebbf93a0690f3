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
//! Tokens are never mentioned again: the client fetches, renews and replaces them, and keeps the refresh token that GoTo
//! hands out about once a month. Give [`ClientBuilder::store`](client_core::Builder::store) a store that outlives the
//! process, or harvest it from there; else the next start needs a refresh token that is still good.
//!
//! [`Client::from_env`] takes `GOTO_CLIENT_ID`, `GOTO_CLIENT_SECRET` and `GOTO_REFRESH_TOKEN`; `GOTO_ADMIN_URL`,
//! `GOTO_WEBINAR_URL` and `GOTO_TOKEN_URL` name other hosts.

mod auth;
#[rustfmt::skip]
mod generated;

pub use auth::{Client, ClientBuilder, Credentials, GotoApi};
pub use generated::{admin, webinar};
