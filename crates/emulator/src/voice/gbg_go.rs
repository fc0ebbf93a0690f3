//! GBG GO's error shape: a list of errors, each with a four-digit code.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::problem::Problem;

pub(super) fn body(status: StatusCode, problem: &Problem) -> Value {
    let (code, name, location) = match (problem, status.as_u16()) {
        (Problem::Members(_), _) => ("4002", "MISSING_FIELD", "Body"),
        (Problem::Parameter(_), _) => ("4002", "MISSING_FIELD", "Request"),
        (Problem::BodyNotJson, _) => ("4003", "INVALID_FIELD", "Body"),
        (_, 401) => ("4010", "UNAUTHORIZED", "Authorization"),
        (_, 403) => ("4030", "FORBIDDEN", "Authorization"),
        (_, 404) => ("4040", "NOT_FOUND", "Request"),
        (_, 405) => ("4050", "METHOD_NOT_ALLOWED", "Request"),
        (_, 415) => ("4150", "UNSUPPORTED_MEDIA_TYPE", "Header"),
        (_, 429) => ("4290", "TOO_MANY_REQUESTS", "Request"),
        (_, 503) => ("5030", "UNAVAILABLE", "Service"),
        (_, 500..) => ("5000", "INTERNAL_ERROR", "Service"),
        _ => ("4000", "BAD_REQUEST", "Request"),
    };
    error(code, name, &problem.to_string(), location)
}

pub(crate) fn error(code: &str, name: &str, problem: &str, location: &str) -> Value {
    json!({
        "errors": [{
            "code": code,
            "name": name,
            "problem": problem,
            "action": action(code),
            "location": location,
        }],
    })
}

fn action(code: &str) -> &'static str {
    match code {
        "4009" => "Start a new journey.",
        "4010" => "Get a new token.",
        code if code.starts_with('5') => "Send again later.",
        _ => "Correct the request and send again.",
    }
}
