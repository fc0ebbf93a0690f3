//! Authorization server metadata (RFC 8414) and OpenID Connect discovery.
//!
//! [`Metadata`] is such a document, fetched and checked; [`MetadataCache`] keeps one in memory.
//! [`Profile::with_metadata`](crate::Profile::with_metadata) takes its members into a profile. This crate does not read
//! what is inside of tokens, so it does not need the server's keys (`jwks_uri`).

mod cache;
mod document;
mod fetch;
mod profile;

pub use cache::MetadataCache;
pub use document::Metadata;
