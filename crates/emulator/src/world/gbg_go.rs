//! GBG GO: instances of a journey, from their start to their end.

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::call::{Call, Outcome, World, put};
use crate::voice;

#[derive(Debug, Default)]
pub(super) struct Journeys(BTreeMap<String, Stage>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    InProgress,
    Completed,
    Terminated,
}

impl Journeys {
    fn start(&mut self, call: &mut Call<'_>) -> Outcome {
        let id = call.random.alphanumeric(22);
        self.0.insert(id.clone(), Stage::InProgress);
        Outcome::Created(json!({
            "instanceId": id,
            "status": "started",
            "instanceUrl": format!("/journey/{id}"),
        }))
    }

    fn about_one(&mut self, call: &Call<'_>) -> Outcome {
        let id = match call.shape {
            HANDOFF => call.parameter(0),
            _ => call.body["instanceId"].as_str().unwrap_or_default(),
        };
        let Some(stage) = self.0.get_mut(id) else {
            let body = voice::gbg_go_error("4040", "NOT_FOUND", "there is no such instance", "Request");
            return Outcome::Refused(StatusCode::NOT_FOUND, body);
        };
        match call.shape {
            "/journey/interaction/fetch" => Outcome::Done(interaction(call.example, id, *stage)),
            "/journey/state/fetch" => Outcome::Done(state(call.example, id, *stage)),
            "/journey/interaction/submit" => {
                end(stage, Stage::Completed, Outcome::Done(json!({"status": "success"})))
            }
            "/journey/terminate" => end(stage, Stage::Terminated, Outcome::Done(json!({"instanceId": id}))),
            // Only a completed journey is forgotten. For the others the document's answer is enough.
            "/journey/state/delete" if *stage == Stage::Completed => {
                self.0.remove(id);
                Outcome::Example
            }
            HANDOFF => {
                let mut answer = call.example.clone();
                let url = format!("https://eu.platform.go.gbgplc.com/journey/{id}");
                put(&mut answer, "instanceUrl", url);
                Outcome::Done(answer)
            }
            _ => Outcome::Example,
        }
    }
}

impl World for Journeys {
    fn answer(&mut self, call: &mut Call<'_>) -> Outcome {
        if *call.method != Method::POST {
            return Outcome::Example;
        }
        let view = call.query_value("view").unwrap_or("full");
        match call.shape {
            "/journey/interaction/fetch" | "/journey/state/fetch" if !matches!(view, "full" | "slim") => {
                let body =
                    voice::gbg_go_error("4003", "INVALID_FIELD", "view must be full or slim", "Query String");
                Outcome::Refused(StatusCode::BAD_REQUEST, body)
            }
            "/journey/start" => self.start(call),
            "/journey/interaction/fetch"
            | "/journey/interaction/submit"
            | "/journey/state/fetch"
            | "/journey/state/delete"
            | "/journey/terminate"
            | HANDOFF => self.about_one(call),
            _ => Outcome::Example,
        }
    }
}

/// Ends a journey that is running. If it has already ended, the refusal has GBG GO's code for that.
fn end(stage: &mut Stage, to: Stage, done: Outcome) -> Outcome {
    if *stage == Stage::InProgress {
        *stage = to;
        return done;
    }
    let body = voice::gbg_go_error("4009", "JOURNEY_NOT_ACTIVE", "the journey has ended", "Flow");
    Outcome::Refused(StatusCode::CONFLICT, body)
}

/// Returns the interaction of a running journey. A journey that has ended has none.
fn interaction(example: &Value, id: &str, stage: Stage) -> Value {
    let mut view = example.clone();
    put(&mut view, "instanceId", id);
    let status = match stage {
        Stage::InProgress => "InProgress",
        Stage::Completed => "Completed",
        Stage::Terminated => "Failed",
    };
    put(&mut view, "journey", json!({"status": status}));
    if stage != Stage::InProgress
        && let Some(members) = view.as_object_mut()
    {
        // A client that continues an ended journey has no id to submit to.
        members.remove("interactionId");
        members.remove("interaction");
        members.insert("outstanding".to_owned(), json!([]));
    }
    view
}

/// Returns the state. The example shows a completed journey; only such a journey has a result.
fn state(example: &Value, id: &str, stage: Stage) -> Value {
    let mut view = example.clone();
    put(&mut view, "instanceId", id);
    if let Some(instance) = view.pointer_mut("/context/process/instance/instanceId") {
        *instance = id.into();
    }
    let (status, result) = match stage {
        Stage::InProgress => ("InProgress", Some(json!({"status": "pending"}))),
        Stage::Completed => ("Completed", None),
        Stage::Terminated => ("Error", Some(json!({"status": "error"}))),
    };
    put(&mut view, "status", status);
    if let Some(result) = result {
        put(&mut view, "result", result);
    }
    view
}

const HANDOFF: &str = "/journey/instance/{}/handoff-token";
