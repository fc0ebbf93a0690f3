//! The status with which a provider answers a problem.

use axum::http::{Method, StatusCode};

use super::problem::{Problem, Scene};
use crate::provider::Provider;

pub(super) fn status(scene: &Scene<'_>, problem: &Problem) -> StatusCode {
    match problem {
        Problem::MissingToken | Problem::BadToken => bad_token(scene),
        Problem::NotFound => StatusCode::NOT_FOUND,
        Problem::Method => StatusCode::METHOD_NOT_ALLOWED,
        Problem::Members(_) => missing_members(scene),
        Problem::DoubleAuthorization | Problem::Parameter(_) | Problem::BodyNotJson => {
            StatusCode::BAD_REQUEST
        }
        Problem::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Problem::Unmet(demand) => demand.status(),
        Problem::Status(status) => *status,
    }
}

/// Returns the status for a token that is not accepted. Only GoTo's admin interface answers 401; its other products on
/// the same host answer 403. GraphQL servers often answer 200 with the error in the body.
fn bad_token(scene: &Scene<'_>) -> StatusCode {
    if scene.graph_at_200 && scene.is_graph() {
        return StatusCode::OK;
    }
    match (scene.provider, scene.document) {
        (Provider::GoTo, document) if document != Some("admin") => StatusCode::FORBIDDEN,
        _ => StatusCode::UNAUTHORIZED,
    }
}

/// Returns the status for missing members. Octotable fails with a 500 if an incomplete reservation is to replace
/// another.
fn missing_members(scene: &Scene<'_>) -> StatusCode {
    match scene.provider {
        Provider::GoTab => StatusCode::UNPROCESSABLE_ENTITY,
        Provider::Octotable if *scene.method == Method::PUT && scene.shape == Some("/reservations/{}") => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
        _ => StatusCode::BAD_REQUEST,
    }
}
