//! GoTo's two error shapes: one for tokens, one for everything else.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::problem::Problem;

pub(super) fn body(status: StatusCode, problem: &Problem) -> Value {
    let is_about_the_token = matches!(problem, Problem::MissingToken | Problem::BadToken);
    if is_about_the_token || status == StatusCode::UNAUTHORIZED {
        return json!({"int_err_code": "InvalidToken", "msg": "Invalid token passed"});
    }
    let code = match status.as_u16() {
        403 => "Forbidden",
        404 => "NotFound",
        405 => "MethodNotAllowed",
        415 => "UnsupportedMediaType",
        429 => "TooManyRequests",
        503 => "ServiceUnavailable",
        500.. => "InternalError",
        _ => "InvalidRequest",
    };
    error(code, &problem.to_string())
}

pub(crate) fn error(code: &str, description: &str) -> Value {
    json!({
        "errorCode": code,
        "description": description,
        "incident": "3409172285510642",
    })
}
