//! One API call, from its path to its answer.

use axum::http::header::{ALLOW, AUTHORIZATION};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use serde_json::Value;

use super::{bearer, call_check, manners};
use crate::demand::Demand;
use crate::document::{Document, Example, Found, Operation};
use crate::observe::Rejection;
use crate::reply::Reply;
use crate::state::Desk;
use crate::voice::{self, Problem, Scene};
use crate::world::{Call, Outcome};

/// Returns the id of the operation that a request is for, served or not.
pub(crate) fn operation_id(desk: &Desk<'_>, head: &Parts) -> Option<String> {
    desk.documents.iter().find_map(|document| match document.find(&head.method, head.uri.path()) {
        Found::Operation(operation, _) => {
            let variant = operation.variant(&call_check::query(head));
            let id = variant.and_then(|variant| variant.id.as_ref());
            Some(id.unwrap_or(&operation.id).clone())
        }
        _ => None,
    })
}

/// Answers one request to the API host, and counts the result.
pub(crate) fn answer(desk: &mut Desk<'_>, head: &Parts, body: &[u8]) -> Reply {
    let reply = find(desk, head, body);
    manners::dress(desk, reply)
}

/// Refuses a call because of how it was sent.
pub(crate) fn refuse_unmet(desk: &mut Desk<'_>, head: &Parts, demand: Demand) -> Reply {
    let rejection = match demand {
        Demand::UserAgent => Rejection::NoUserAgent,
        Demand::Length | Demand::Unchunked => Rejection::NoLength,
    };
    let scene = Scene::new(desk.provider, &head.method);
    reject(desk, &scene, rejection, &Problem::Unmet(demand))
}

fn find(desk: &mut Desk<'_>, head: &Parts, body: &[u8]) -> Reply {
    let mut scene = Scene::new(desk.provider, &head.method);
    scene.graph_at_200 = desk.books.switches.graph_at_200;
    // This comes before routing: a client that sends two tokens is wrong at every path.
    if head.headers.get_all(AUTHORIZATION).iter().count() > 1 {
        return reject(desk, &scene, Rejection::DoubleAuthorization, &Problem::DoubleAuthorization);
    }
    let documents = desk.documents;
    for document in documents {
        match document.find(&head.method, head.uri.path()) {
            Found::Operation(operation, parameters) => {
                scene.document = Some(&document.name);
                scene.shape = Some(operation.template.shape());
                let outcome = serve(desk, document, operation, &parameters, head, body);
                return outcome
                    .unwrap_or_else(|(rejection, problem)| reject(desk, &scene, rejection, &problem));
            }
            Found::OtherMethods(methods) => {
                scene.document = Some(&document.name);
                let reply = reject(desk, &scene, Rejection::Method, &Problem::Method);
                let allow: Vec<&str> = methods.iter().map(Method::as_str).collect();
                return reply.with_header(ALLOW, &allow.join(", "));
            }
            // Another document may have the path.
            Found::Nothing => {}
        }
    }
    reject(desk, &scene, Rejection::NotFound, &Problem::NotFound)
}

fn serve(
    desk: &mut Desk<'_>,
    document: &Document,
    operation: &Operation,
    parameters: &[String],
    head: &Parts,
    bytes: &[u8],
) -> Result<Reply, (Rejection, Problem)> {
    // The token is checked before the parameters and the body, as servers do, so that a caller without a token learns
    // nothing about the operation.
    bearer::check(desk, operation, &head.headers)?;
    let query = call_check::query(head);
    call_check::parameters(operation, &head.headers, &query)?;
    let body = call_check::body(document, operation, &head.headers, bytes)?;
    let own = operation.example();
    let variant = operation.variant(&query).and_then(|variant| variant.example.as_ref());
    let example = variant.or(own.map(|own| &own.value)).unwrap_or(&Value::Null);
    let mut call = Call {
        method: &operation.method,
        shape: operation.template.shape(),
        parameters,
        query: &query,
        body: &body,
        example,
        random: &mut desk.books.random,
    };
    let outcome = desk.books.world.answer(&mut call);
    if let Outcome::Refused(status, body) = outcome {
        desk.books.counters.reject(Rejection::Refused);
        return Ok(Reply::json(status, body));
    }
    desk.books.counters.api_served += 1;
    Ok(success(operation, own, outcome, example))
}

fn success(operation: &Operation, own: Option<&Example>, outcome: Outcome, example: &Value) -> Reply {
    let is_new = matches!(outcome, Outcome::Created(_));
    let status = match operation.status() {
        Some(status) => status,
        None if is_new => StatusCode::CREATED,
        None => StatusCode::OK,
    };
    let body = match outcome {
        Outcome::Done(body) | Outcome::Created(body) => body,
        Outcome::Example | Outcome::Refused(..) => example.clone(),
    };
    let media_type = own.map_or("application/json", |own| &own.media_type);
    match (&body, own) {
        (Value::Null, _) | (_, None) => Reply::empty(status),
        (Value::String(text), _) if !media_type.contains("json") => Reply::text(status, media_type, text),
        _ => Reply::json(status, body),
    }
}

fn reject(desk: &mut Desk<'_>, scene: &Scene<'_>, rejection: Rejection, problem: &Problem) -> Reply {
    desk.books.counters.reject(rejection);
    voice::complain(scene, problem)
}
