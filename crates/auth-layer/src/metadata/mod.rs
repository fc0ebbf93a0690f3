//! Authorization server metadata (RFC 8414) and OpenID Connect discovery.
//!
//! [`Metadata`] is such a document, fetched and checked; [`MetadataCache`] keeps one in memory.
//! [`Profile::with_metadata`](crate::Profile::with_metadata) takes its members into a profile. This crate does not read
//! what is inside of tokens, so it does not need the server's keys (`jwks_uri`).
//!
//! ```no_run
//! # async fn run(transport: auth_layer::Transport) -> Result<(), Box<dyn std::error::Error>> {
//! use auth_layer::clock::SystemClock;
//! use auth_layer::{Metadata, Profile};
//! use std::time::Duration;
//!
//! let issuer = "https://auth.example.com";
//! let metadata = Metadata::fetch(issuer, &transport, &SystemClock::new(), Duration::from_secs(10)).await?;
//! let profile = Profile::new("example", metadata.token_url())?.with_metadata(&metadata)?;
//! # Ok(())
//! # }
//! ```

mod cache;
mod document;
mod fetch;
mod profile;

pub use cache::MetadataCache;
pub use document::Metadata;
