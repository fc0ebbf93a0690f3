//! The successful answer of an operation: its status and example.

use axum::http::StatusCode;
use serde_json::{Map, Value};

use super::resolve::resolve;

/// The body of an answer as the document shows it.
#[derive(Clone, Debug)]
pub(crate) struct Example {
    pub(crate) media_type: String,
    pub(crate) value: Value,
}

#[derive(Clone, Debug)]
pub(super) struct Success {
    pub(super) status: Option<StatusCode>,
    pub(super) example: Option<Example>,
}

impl Success {
    /// Reads the first success among the responses of an operation.
    pub(super) fn read(root: &Value, operation: &Value) -> Self {
        let responses = operation.get("responses").and_then(Value::as_object);
        let first = responses
            .into_iter()
            .flatten()
            // A redirect counts as a success, because a document may describe one.
            .filter(|(status, _)| status.starts_with('2') || status.starts_with('3'))
            // The lowest status is the usual one; `2XX` comes after every number.
            .min_by_key(|(status, _)| status.to_ascii_uppercase());
        match first {
            Some((status, response)) => {
                // `2XX` is not a number and gives `None`.
                Self { status: status.parse().ok(), example: example(root, resolve(root, response)) }
            }
            None => Self { status: None, example: None },
        }
    }
}

fn example(root: &Value, response: &Value) -> Option<Example> {
    let content = response.get("content")?.as_object()?;
    let (media_type, media) = json_first(content)?;
    Some(Example {
        media_type: media_type.clone(),
        value: example_of(root, media).cloned().unwrap_or(Value::Null),
    })
}

fn json_first(content: &Map<String, Value>) -> Option<(&String, &Value)> {
    let json = content.iter().find(|(media_type, _)| media_type.contains("json"));
    json.or_else(|| content.iter().next())
}

/// Returns the example of a media type: its own one, the first of several, or the one of its schema.
fn example_of<'a>(root: &'a Value, media: &'a Value) -> Option<&'a Value> {
    let own = || media.get("example");
    let several = || {
        let first = media.get("examples")?.as_object()?.values().next()?;
        resolve(root, first).get("value")
    };
    let schema = || resolve(root, media.get("schema")?).get("example");
    own().or_else(several).or_else(schema)
}
