//! GoTab's three error shapes: flat, the envelope, and the one of the graph interface.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::problem::{Problem, Scene};

pub(super) fn body(scene: &Scene<'_>, status: StatusCode, problem: &Problem) -> Value {
    let is_about_the_token = matches!(problem, Problem::MissingToken | Problem::BadToken);
    if is_about_the_token && scene.is_graph() {
        return json!({
            "data": null,
            "errors": [{
                "message": problem.to_string(),
                "extensions": {"code": "UNAUTHENTICATED"},
            }],
        });
    }
    if let Problem::Members(names) = problem {
        return refused_fields(names.iter().map(|name| (name.as_str(), "needed")));
    }
    json!({
        "error": code(status, problem),
        "message": problem.to_string(),
        "statusCode": status.as_u16(),
    })
}

/// Returns the flat shape with one detail for each field.
pub(crate) fn refused_fields<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> Value {
    let details: Vec<Value> =
        fields.map(|(field, message)| json!({"field": field, "message": message})).collect();
    json!({
        "error": "validation_failed",
        "message": "some fields were refused",
        "statusCode": 422,
        "details": details,
    })
}

pub(crate) fn envelope_error(kind: &str, message: &str) -> Value {
    json!({
        "data": null,
        "warnings": [],
        "errors": [{"type": kind, "message": message}],
    })
}

fn code(status: StatusCode, problem: &Problem) -> &'static str {
    match (problem, status.as_u16()) {
        (Problem::MissingToken, _) => "unauthorized",
        (_, 401) => "invalid_token",
        (_, 403) => "forbidden",
        (_, 404) => "not_found",
        (_, 429) => "rate_limit_exceeded",
        (_, 503) => "service_unavailable",
        (_, 500..) => "internal_error",
        _ => "bad_request",
    }
}
