//! Turns values into names and texts for queries and forms.

use serde::Serialize;
use serde_json::Value;

use crate::InvalidRequest;

/// A name and the texts of its value: no text for null, one for a scalar, one per item for an array.
pub(crate) type Pair = (String, Vec<String>);

/// Returns `value` under `name`. An object becomes its members under their own names.
pub(crate) fn named<T: Serialize + ?Sized>(name: &str, value: &T) -> Result<Vec<Pair>, InvalidRequest> {
    match to_value(name, value)? {
        Value::Object(members) => members.into_iter().map(|(name, value)| pair(name, value)).collect(),
        value => Ok(vec![pair(name.to_owned(), value)?]),
    }
}

/// Returns the members of `value`, which must be an object.
pub(crate) fn members<T: Serialize + ?Sized>(value: &T) -> Result<Vec<Pair>, InvalidRequest> {
    match to_value("the form", value)? {
        Value::Object(members) => members.into_iter().map(|(name, value)| pair(name, value)).collect(),
        _ => Err(InvalidRequest::new("the form must be an object with named members")),
    }
}

fn to_value<T: Serialize + ?Sized>(name: &str, value: &T) -> Result<Value, InvalidRequest> {
    serde_json::to_value(value)
        .map_err(|error| InvalidRequest::new(format!("{name} cannot be serialized: {error}")))
}

fn pair(name: String, value: Value) -> Result<Pair, InvalidRequest> {
    let texts = match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.into_iter().map(|item| text(&name, item)).collect::<Result<_, _>>()?,
        value => vec![text(&name, value)?],
    };
    Ok((name, texts))
}

fn text(name: &str, value: Value) -> Result<String, InvalidRequest> {
    match value {
        Value::Bool(value) => Ok(value.to_string()),
        Value::Number(value) => Ok(value.to_string()),
        Value::String(value) => Ok(value),
        // A null item of an array keeps its position.
        Value::Null => Ok(String::new()),
        Value::Array(_) | Value::Object(_) => {
            let problem = "contains a nested array or object; only scalars and arrays of scalars can be sent";
            Err(InvalidRequest::new(format!("`{name}` {problem}")))
        }
    }
}
