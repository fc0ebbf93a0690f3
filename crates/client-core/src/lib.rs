//! What every generated client stands on: transport seam, errors, bodies.
//!
//! A [`Client`] is a tower stack of `http` requests and responses. Generated code builds a [`Request`],
//! sends it through the stack and reads the answer as a [`ResponseValue`] or an [`Error`]. There is no way
//! round the stack, and a `tower::service_fn` in its place is a mock without sockets:
//!
//! ```
//! use client_core::{Body, Client, Request, Response};
//!
//! let client = Client::from_service(tower::service_fn(|request: Request| async move {
//!     assert_eq!(request.uri().path(), "/v1/health");
//!     Ok::<_, std::convert::Infallible>(Response::new(Body::empty()))
//! }));
//! # let _ = client;
//! ```
//!
//! In the order a reader meets them: [`Client`], [`Body`], [`ResponseValue`], [`Error`], [`ApiError`],
//! [`ByteStream`], [`Digits`]. What only generated code calls: [`Target`], [`RequestBuilder`], [`QueryParam`],
//! [`OperationInfo`], [`FromStatus`], [`decode`].

mod api_error;
mod body;
mod builder;
mod client;
mod collect;
mod denial;
mod digits;
mod error;
mod in_bytes;
mod invalid_request;
mod mismatch;
mod pairs;
mod parts;
mod provider;
mod query;
mod redact;
mod refusal;
mod remedy;
mod request;
mod response;
mod sent;
mod status;
mod stream;
mod target;

pub use api_error::ApiError;
pub use body::Body;
pub use builder::Builder;
pub use client::{Client, OperationInfo, Request, Response};
pub use denial::Denial;
pub use digits::{Digits, ParseDigitsError};
pub use error::Error;
pub use invalid_request::InvalidRequest;
pub use parts::Stack;
pub use provider::{Api, DEFAULT_ACCOUNT, Identity, Provider, Variables};
pub use query::QueryParam;
pub use request::RequestBuilder;
pub use response::ResponseValue;
pub use status::{FromStatus, decode};
pub use stream::ByteStream;
pub use target::Target;

// What generated code names beside our own types.
pub use auth_layer::BoxError;
pub use bytes::Bytes;
pub use http::{HeaderMap, Method, StatusCode, header};
