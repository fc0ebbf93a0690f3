//! The body of a refused token request.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::octotable;
use crate::provider::Provider;

/// Returns the body. GoTo and GBG GO use RFC 6749's form; the others put the same texts into their own shapes.
pub(crate) fn token_error(provider: Provider, status: StatusCode, error: &str, description: &str) -> Value {
    match provider {
        Provider::GoTab => json!({
            "error": error,
            "message": description,
            "statusCode": status.as_u16(),
        }),
        Provider::GoTo | Provider::GbgGo => json!({
            "error": error,
            "error_description": description,
        }),
        Provider::Octotable => octotable::error(status, &error.to_uppercase(), description),
    }
}
