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
//! Tokens are never mentioned again: the client fetches, renews and replaces them. [`Client::from_env`] takes the
//! credentials from `GBG_GO_CLIENT_ID` and `GBG_GO_CLIENT_SECRET`; `GBG_GO_BASE_URL` and `GBG_GO_TOKEN_URL` name other
//! hosts.
//!
//! Some operations belong to the end user's device and take a token of their own, which the layer does not keep. Give it
//! for those calls:
//!
//! ```no_run
//! # async fn run(client: gbg_go_client::Client) -> Result<(), Box<dyn std::error::Error>> {
//! let device = client.with_bearer(auth_layer::CallBearer::new("end-user-token")?);
//! let handoff = device.create_handoff_token().instance_id("Pq_hhIX6-sHUy9FLSDzPLu").send().await?;
//! # Ok(())
//! # }
//! ```

mod auth;
#[rustfmt::skip]
mod generated;

pub use auth::{ClientBuilder, Credentials, Region};
pub use generated::{Client, meta, operations, types};
