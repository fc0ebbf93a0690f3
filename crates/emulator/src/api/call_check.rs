//! The requirements of the document on a call, except the token.

use axum::http::HeaderMap;
use axum::http::request::Parts;
use serde_json::Value;

use crate::document::{Document, Operation, Place};
use crate::observe::Rejection;
use crate::token_endpoint::media_type;
use crate::voice::Problem;

/// Returns the decoded query of a call, in its original order.
pub(super) fn query(head: &Parts) -> Vec<(String, String)> {
    let query = head.uri.query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

pub(super) fn parameters(
    operation: &Operation,
    headers: &HeaderMap,
    query: &[(String, String)],
) -> Result<(), (Rejection, Problem)> {
    let missing = operation.required_parameters.iter().find(|(place, name)| match place {
        Place::Header => !headers.contains_key(name.as_str()),
        Place::Query => !query.iter().any(|(given, _)| given == name),
    });
    match missing {
        None => Ok(()),
        Some((_, name)) => Err((Rejection::MissingParameter, Problem::Parameter(name.clone()))),
    }
}

/// Reads the body, if the operation takes one. Returns `Null` without a body, and for a type other than JSON.
pub(super) fn body(
    document: &Document,
    operation: &Operation,
    headers: &HeaderMap,
    bytes: &[u8],
) -> Result<Value, (Rejection, Problem)> {
    let Some(rule) = &operation.body else {
        return Ok(Value::Null);
    };
    if bytes.is_empty() && !rule.required {
        return Ok(Value::Null);
    }
    let media_type = media_type(headers).unwrap_or_default();
    if !rule.reads(media_type) {
        return Err((Rejection::MediaType, Problem::MediaType));
    }
    // Schemas describe JSON. Other bodies, such as uploads, are accepted unread.
    if !media_type.to_ascii_lowercase().ends_with("json") {
        return Ok(Value::Null);
    }
    let body: Value = serde_json::from_slice(bytes).map_err(|_| (Rejection::Body, Problem::BodyNotJson))?;
    let missing = rule.missing_members(&document.root, &body);
    match missing.is_empty() {
        true => Ok(body),
        false => Err((Rejection::Body, Problem::Members(missing))),
    }
}
