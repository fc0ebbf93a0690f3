//! A call as a world sees it, and what it may say.

use std::fmt;
use std::sync::Arc;

use axum::http::{Method, StatusCode};
use serde_json::Value;

use crate::document::Document;
use crate::random::Random;

/// State behind a provider's operations.
pub(crate) trait World: fmt::Debug + Send {
    fn answer(&mut self, call: &mut Call<'_>) -> Outcome;
}

/// A call that was let in: the token is good, what is required is there.
pub(crate) struct Call<'a> {
    pub(crate) method: &'a Method,
    /// The path without the names of its parameters, such as `/rooms/{}`.
    pub(crate) shape: &'a str,
    pub(crate) parameters: &'a [String],
    pub(crate) query: &'a [(String, String)],
    /// `Null` where there is none.
    pub(crate) body: &'a Value,
    /// What the document shows as the answer; `Null` where it shows none.
    pub(crate) example: &'a Value,
    pub(crate) random: &'a mut Random,
}

/// What a world says to a call.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Nothing of its own: the example will do.
    Example,
    /// This body, with the document's status; without a body for `Null`.
    Done(Value),
    /// The same for something new: 201 where the document leaves the status open.
    Created(Value),
    /// The provider's rules say no.
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

/// Writes the members of `from` over those of `onto`; anything but two objects is left as it is.
pub(super) fn overlay(onto: &mut Value, from: &Value) {
    if let (Some(onto), Some(from)) = (onto.as_object_mut(), from.as_object()) {
        for (name, value) in from {
            onto.insert(name.clone(), value.clone());
        }
    }
}

/// Sets one member; anything but an object is left as it is.
pub(super) fn put(onto: &mut Value, name: &str, value: impl Into<Value>) {
    if let Some(onto) = onto.as_object_mut() {
        onto.insert(name.to_owned(), value.into());
    }
}

/// An id as text, whether it was written as a number or as a string.
pub(super) fn id_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The entries of a list that an example shows.
pub(super) fn shown(documents: &[Arc<Document>], shape: &str, pointer: &str) -> Vec<Value> {
    let example = documents.iter().find_map(|document| document.example(&Method::GET, shape));
    let list = example.and_then(|example| example.pointer(pointer));
    list.and_then(Value::as_array).cloned().unwrap_or_default()
}
