//! The answer to a problem with an API call.

use axum::http::StatusCode;
use serde_json::Value;

use super::problem::{Problem, Scene};
use super::{gbg_go, gotab, goto, octotable, status};
use crate::provider::Provider;
use crate::reply::Reply;

/// Returns the provider's answer to a problem with an API call.
pub(crate) fn complain(scene: &Scene<'_>, problem: &Problem) -> Reply {
    let status = status::status(scene, problem);
    Reply::json(status, body(scene, status, problem))
}

fn body(scene: &Scene<'_>, status: StatusCode, problem: &Problem) -> Value {
    match scene.provider {
        Provider::GoTab => gotab::body(scene, status, problem),
        Provider::GoTo => goto::body(status, problem),
        Provider::GbgGo => gbg_go::body(status, problem),
        Provider::Octotable => octotable::body(status, problem),
    }
}
