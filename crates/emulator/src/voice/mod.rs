//! The error bodies of each provider.

mod gbg_go;
mod gotab;
mod goto;
mod octotable;
mod problem;
mod status;
mod token_error;

pub(crate) use gbg_go::error as gbg_go_error;
pub(crate) use gotab::{envelope_error as gotab_envelope_error, refused_fields as gotab_refused_fields};
pub(crate) use goto::error as goto_error;
pub(crate) use octotable::error as octotable_error;
pub(crate) use problem::{Problem, Scene};
pub(crate) use token_error::token_error;

use axum::http::StatusCode;
use serde_json::Value;

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
