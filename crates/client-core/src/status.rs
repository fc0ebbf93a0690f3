//! Response types that are chosen by the status.

use bytes::Bytes;
use http::StatusCode;
use serde::de::DeserializeOwned;

/// A type that is decoded according to the status of the response.
///
/// Generated enums implement it. They have a variant for each documented status and one for every other response, so
/// decoding cannot fail.
///
/// ```
/// use client_core::{Bytes, FromStatus, StatusCode, decode};
///
/// enum Answer {
///     Created(Vec<u32>),
///     Undocumented(Bytes),
/// }
///
/// impl FromStatus for Answer {
///     fn from_status(status: StatusCode, body: Bytes) -> Self {
///         let documented = match status.as_u16() {
///             201 => decode(&body).map(Self::Created),
///             _ => None,
///         };
///         documented.unwrap_or(Self::Undocumented(body))
///     }
/// }
/// # assert!(matches!(Answer::from_status(StatusCode::CREATED, "[1]".into()), Answer::Created(ids) if ids == [1]));
/// # assert!(matches!(Answer::from_status(StatusCode::CREATED, "<p>".into()), Answer::Undocumented(b) if b == "<p>"));
/// ```
pub trait FromStatus: Sized {
    /// Decodes the body of a response with `status`.
    fn from_status(status: StatusCode, body: Bytes) -> Self;
}

/// Decodes JSON. Returns `None` if the body is not a JSON value of the type.
///
/// ```
/// assert_eq!(client_core::decode::<u32>(b"7"), Some(7));
/// assert_eq!(client_core::decode::<u32>(b"<html>"), None);
/// ```
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    serde_json::from_slice(body).ok()
}
