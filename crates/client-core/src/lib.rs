//! The runtime of every generated client: the stack that sends requests, errors, bodies.
//!
//! A [`Client`] is a tower stack of `http` requests and responses. Generated code builds a [`Request`], sends it
//! through the stack and reads the response as a [`ResponseValue`] or an [`Error`]. Every request goes through the
//! stack, so a `tower::service_fn` in its place is a mock without sockets:
//!
//! ```
//! use auth_layer::OperationMeta;
//! use client_core::{Body, Client, Method, OperationInfo, Request, Response, Target};
//!
//! static META: OperationMeta = OperationMeta::new("getHealth", Method::GET, "/health");
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), client_core::BoxError> {
//! let client = Client::from_service(tower::service_fn(|request: Request| async move {
//!     assert_eq!(request.uri().path(), "/v1/health");
//!     Ok::<_, std::convert::Infallible>(Response::new(Body::empty()))
//! }));
//! let request = client.get(Target::new("https://api.example.com/v1", &META, &[])?).build()?;
//! let response = client.exec(request, &OperationInfo { operation_id: "health", meta: &META }).await?;
//! assert_eq!(response.status(), 200);
//! # Ok(()) }
//! ```
//!
//! Applications use [`Client`], [`Body`], [`ResponseValue`], [`Error`], [`ApiError`], [`ByteStream`] and [`Digits`].
//! Only generated code uses [`Target`], [`RequestBuilder`], [`QueryParam`], [`OperationInfo`], [`FromStatus`] and
//! [`decode`].

mod api_error;
mod body;
mod builder;
mod client;
mod collect;
mod denial;
mod digits;
mod environment;
mod error;
mod in_bytes;
mod invalid_request;
mod message;
mod mismatch;
mod pairs;
mod parts;
mod provider;
mod query;
mod read;
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
pub use client::{Client, OperationInfo};
pub use denial::Denial;
pub use digits::{Digits, ParseDigitsError};
pub use error::Error;
pub use invalid_request::InvalidRequest;
pub use message::{Request, Response};
pub use parts::Stack;
pub use provider::{Api, DEFAULT_ACCOUNT, Login, Provider, Variables};
pub use query::QueryParam;
pub use request::RequestBuilder;
pub use response::ResponseValue;
pub use status::{FromStatus, decode};
pub use stream::ByteStream;
pub use target::Target;

// Types of other crates that generated code names.
pub use auth_layer::BoxError;
pub use bytes::Bytes;
pub use http::{HeaderMap, Method, StatusCode, header};

/// The README's examples.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
