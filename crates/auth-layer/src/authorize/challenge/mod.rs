//! Reads `WWW-Authenticate` (RFC 9110 section 11.6.1), including common departures from its grammar.
//!
//! ```
//! use auth_layer::authorize::challenge::parse;
//! use http::HeaderMap;
//!
//! let mut headers = HeaderMap::new();
//! headers.insert("www-authenticate", r#"Bearer realm="c", error="invalid_token""#.parse()?);
//! let bearer = parse(&headers).into_iter().find(|challenge| challenge.is("bearer"));
//! assert_eq!(bearer.as_ref().and_then(|bearer| bearer.error()), Some("invalid_token"));
//! # Ok::<(), http::header::InvalidHeaderValue>(())
//! ```

mod parse;
mod parsed;
mod reader;
#[cfg(test)]
mod tests;

pub use parse::parse;
pub use parsed::Challenge;
