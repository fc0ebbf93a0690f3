//! The problems of an API call, independent of the provider.

use std::fmt;

use axum::http::{Method, StatusCode};

use crate::demand::Demand;
use crate::provider::Provider;

/// The place of a problem. Some providers describe the same problem differently in different places.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) provider: Provider,
    /// The name of the document, if the path belongs to one.
    pub(crate) document: Option<&'a str>,
    pub(crate) method: &'a Method,
    /// The shape of the path, if an operation was found.
    pub(crate) shape: Option<&'a str>,
    /// True if GoTab's graph interface answers 200 to a token that it does not accept.
    pub(crate) graph_at_200: bool,
}

impl<'a> Scene<'a> {
    /// Returns a scene with only the provider and the method.
    pub(crate) const fn new(provider: Provider, method: &'a Method) -> Self {
        Self { provider, document: None, method, shape: None, graph_at_200: false }
    }

    /// Returns whether the call is for GoTab's graph interface.
    pub(crate) fn is_graph(&self) -> bool {
        self.provider == Provider::GoTab && self.shape == Some("/api/graph")
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Problem {
    MissingToken,
    BadToken,
    DoubleAuthorization,
    NotFound,
    Method,
    Parameter(String),
    Members(Vec<String>),
    BodyNotJson,
    MediaType,
    /// The request was not sent as a strict server requires.
    Unmet(Demand),
    /// A status that a fault asks for, without a further description.
    Status(StatusCode),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingToken => f.write_str("the access token is missing"),
            Self::BadToken => f.write_str("the access token is unknown, expired or revoked"),
            Self::DoubleAuthorization => f.write_str("more than one Authorization header"),
            Self::NotFound => f.write_str("there is no such resource"),
            Self::Method => f.write_str("the method is not supported here"),
            Self::Parameter(name) => write!(f, "parameter {name} is missing"),
            Self::Members(names) => write!(f, "missing or wrong: {}", names.join(", ")),
            Self::BodyNotJson => f.write_str("the body is missing or not JSON"),
            Self::MediaType => f.write_str("the content type is not supported"),
            Self::Unmet(demand) => f.write_str(demand.description()),
            Self::Status(status) => f.write_str(status.canonical_reason().unwrap_or("failed")),
        }
    }
}
