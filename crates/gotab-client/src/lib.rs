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
//! Tokens are never mentioned again: the client fetches, renews and replaces them. [`Client::from_env`] takes the
//! credentials from `GOTAB_ACCESS_ID` and `GOTAB_ACCESS_SECRET`; `GOTAB_BASE_URL` and `GOTAB_TOKEN_URL` name other
//! hosts. A 403 means that the location has not authorised the application, and is never a reason to renew;
//! a [`LocationLink`] is how it does.

mod auth;
#[rustfmt::skip]
mod generated;
mod locations;

pub use auth::{ClientBuilder, Credentials};
pub use generated::{Client, meta, operations, responses, types};
pub use locations::{ApprovalError, LocationLink};
