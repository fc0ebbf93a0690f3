//! A call as a world receives it, and the world's answer.

use std::fmt;
use std::sync::Arc;

use axum::http::{Method, StatusCode};
use serde_json::Value;

use crate::document::Document;
use crate::random::Random;

/// The state behind a provider's operations.
pub(crate) trait World: fmt::Debug + Send {
    fn answer(&mut self, call: &mut Call<'_>) -> Outcome;
}

/// A call that passed the checks: its token is valid, and all required parts are there.
pub(crate) struct Call<'a> {
    pub(crate) method: &'a Method,
    /// The path without the names of its parameters, such as `/rooms/{}`.
    pub(crate) shape: &'a str,
    pub(crate) parameters: &'a [String],
    pub(crate) query: &'a [(String, String)],
    /// `Null` if there is no body.
    pub(crate) body: &'a Value,
    /// The answer that the document shows, or `Null` if it shows none.
    pub(crate) example: &'a Value,
    pub(crate) random: &'a mut Random,
}

/// The answer of a world.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The document's example.
    Example,
    /// This body, with the document's status. `Null` means no body.
    Done(Value),
    /// The same for a new object: the status is 201 if the document leaves it open.
    Created(Value),
    /// The provider's rules do not allow the call.
    Refused(StatusCode, Value),
}

impl Call<'_> {
    pub(crate) fn parameter(&self, at: usize) -> &str {
        self.parameters.get(at).map_or("", String::as_str)
    }

    pub(crate) fn query_value(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn query_values(&self, name: &str) -> Vec<&str> {
        let all = self.query.iter().filter(|(known, _)| known == name);
        all.map(|(_, value)| value.as_str()).collect()
    }
}

/// Copies the members of `from` over those of `onto`. Does nothing unless both are objects.
pub(super) fn overlay(onto: &mut Value, from: &Value) {
    if let (Some(onto), Some(from)) = (onto.as_object_mut(), from.as_object()) {
        for (name, value) in from {
            onto.insert(name.clone(), value.clone());
        }
    }
}

/// Sets one member. Does nothing if `onto` is not an object.
pub(super) fn put(onto: &mut Value, name: &str, value: impl Into<Value>) {
    if let Some(onto) = onto.as_object_mut() {
        onto.insert(name.to_owned(), value.into());
    }
}

/// Returns an id as text, from a number or a string.
pub(super) fn id_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Returns the entries of a list that an example shows.
pub(super) fn shown(documents: &[Arc<Document>], shape: &str, pointer: &str) -> Vec<Value> {
    let example = documents.iter().find_map(|document| document.example(&Method::GET, shape));
    let list = example.and_then(|example| example.pointer(pointer));
    list.and_then(Value::as_array).cloned().unwrap_or_default()
}
