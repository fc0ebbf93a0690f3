//! Octotable's error shape: an envelope with `success: false`.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::problem::Problem;

pub(super) fn body(status: StatusCode, problem: &Problem) -> Value {
    let code = match status.as_u16() {
        401 => "UNAUTHORIZED",
        403 => "FORBIDDEN",
        404 => "RESOURCE_NOT_FOUND",
        405 => "METHOD_NOT_ALLOWED",
        415 => "UNSUPPORTED_MEDIA_TYPE",
        429 => "TOO_MANY_REQUESTS",
        503 => "SERVICE_UNAVAILABLE",
        500.. => "INTERNAL_ERROR",
        _ => "BAD_REQUEST",
    };
    error(status, code, &problem.to_string())
}

pub(crate) fn error(status: StatusCode, code: &str, message: &str) -> Value {
    let class_name = match status.as_u16() {
        401 => "UnauthorizedException",
        403 => "ForbiddenException",
        404 => "ResourceNotFoundException",
        409 => "ConflictException",
        415 => "NotSupportedException",
        503 => "ServiceUnavailableException",
        500.. => "InternalServerErrorException",
        _ => "BadRequestException",
    };
    json!({
        "success": false,
        "error": {"code": code, "message": message, "class_name": class_name},
    })
}
