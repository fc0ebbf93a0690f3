//! `InvalidRequest`: the parameters do not make a valid request.

use std::error::Error as StdError;
use std::fmt;

/// The error of an operation whose parameters do not make a valid request. `?` converts it into
/// [`Error::InvalidRequest`](crate::Error::InvalidRequest).
///
/// ```
/// use auth_layer::OperationMeta;
/// use client_core::{Method, Target};
///
/// static META: OperationMeta = OperationMeta::new("getRoom", Method::GET, "/rooms/{id}");
/// let error = Target::new("https://api.example.com", &META, &[&".."]).unwrap_err();
/// assert!(error.to_string().contains("`id`"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidRequest(String);

impl InvalidRequest {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for InvalidRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for InvalidRequest {}
