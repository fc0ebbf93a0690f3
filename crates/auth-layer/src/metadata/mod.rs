//! What a server says of itself: authorization server metadata (RFC 8414) and OpenID Connect discovery.
//!
//! [`Metadata`] is such a document, fetched and checked; [`MetadataCache`] keeps one.
//! [`Profile::with_metadata`](crate::Profile::with_metadata) takes it over. Tokens are not read here, so that the
//! server's keys (`jwks_uri`) are of no use to us.

mod cache;
mod document;
mod fetch;
mod profile;

pub use cache::MetadataCache;
pub use document::Metadata;
