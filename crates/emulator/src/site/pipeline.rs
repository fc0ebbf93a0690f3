//! The steps of every request: it is counted, checked for how it was sent, meets a fault, is answered, and ends.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Response, StatusCode};

use super::visit::Visit;
use crate::endpoint::Endpoint;
use crate::fault::{self, Hangup};
use crate::provider::Provider;
use crate::reply::Reply;
use crate::sign_in;
use crate::state::SiteState;
use crate::voice::{self, Problem, Scene};

/// Returns the router of one host, which takes every request.
pub(crate) fn router(state: &Arc<SiteState>, endpoint: Endpoint) -> Router {
    let state = Arc::clone(state);
    // The documents decide about paths and methods, so one handler takes every request.
    Router::new().fallback(move |request: Request| pass(Arc::clone(&state), endpoint, request))
}

async fn pass(state: Arc<SiteState>, endpoint: Endpoint, request: Request) -> Response<Body> {
    let provider = state.provider;
    let (head, body) = request.into_parts();
    let endpoint = match endpoint {
        Endpoint::Token => sign_in::half(provider, head.uri.path()),
        other => other,
    };
    let gate = state.gates.gate(endpoint);
    let visit = Visit::begin(state, endpoint, &head);
    // The books are not locked here, so other requests and the test go on while this one is held.
    gate.pass().await;
    let response = respond(provider, endpoint, &visit, &head, body).await;
    match response.extensions().get::<Hangup>() {
        // Nothing is sent, so the log must not show a status.
        Some(_) => response,
        None => visit.answered(response),
    }
}

async fn respond(
    provider: Provider,
    endpoint: Endpoint,
    visit: &Visit,
    head: &Parts,
    body: Body,
) -> Response<Body> {
    let complain = |status| complain(provider, endpoint, head, status);
    // The whole body is read before any refusal. Otherwise the client might see a reset connection in place of the
    // answer.
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        return complain(StatusCode::PAYLOAD_TOO_LARGE).into_response();
    };
    // These refusals come before faults, so that a fault is left for the request that the test meant.
    if let Some(refusal) = visit.refusal(head) {
        return refusal.into_response();
    }
    let Some(fault) = visit.fault() else {
        return visit.answer(head, &body).into_response();
    };
    if let Some(response) = fault::instead(&fault, complain, || carried(endpoint, head, &body)).await {
        return response;
    }
    let response = visit.answer(head, &body).into_response();
    fault::upon(&fault, response).await
}

/// Returns the secrets that a request carries, as text.
fn carried(endpoint: Endpoint, head: &Parts, body: &[u8]) -> String {
    let header = head.headers.get(AUTHORIZATION).map_or(&b""[..], HeaderValue::as_bytes);
    let header = String::from_utf8_lossy(header);
    match endpoint {
        Endpoint::Api => header.into_owned(),
        Endpoint::Token | Endpoint::SignIn => format!("{header} {}", String::from_utf8_lossy(body)),
    }
}

/// Returns the provider's body for a status that a fault asks for.
fn complain(provider: Provider, endpoint: Endpoint, head: &Parts, status: StatusCode) -> Reply {
    match endpoint {
        Endpoint::Token | Endpoint::SignIn => {
            let words = status.canonical_reason().unwrap_or("failed");
            let body = voice::token_error(provider, status, error_code(status), words);
            Reply::json(status, body)
        }
        Endpoint::Api => {
            let scene = Scene::new(provider, &head.method);
            voice::complain(&scene, &Problem::Status(status))
        }
    }
}

/// Returns RFC 6749's error code for a status, if it has one.
fn error_code(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "invalid_client",
        503 => "temporarily_unavailable",
        500.. => "server_error",
        _ => "invalid_request",
    }
}

/// Larger than any operation needs. A larger body is refused.
const LARGEST_BODY: usize = 8 * 1024 * 1024;
