//! The ways to spoil the body of an answer.

use std::time::Duration;

use serde_json::{Map, Value};

/// How the body of an answer is spoilt; status and header fields stay as they were, except the content type.
///
/// The last three rewrite a JSON object and leave any other body alone.
///
/// ```
/// # #[tokio::main] async fn main() -> std::io::Result<()> {
/// use emulator::{Emulator, Endpoint, Fault, Malformed, Provider};
///
/// let emulator = Emulator::builder().start().await?;
/// let lifetime_in_words = Malformed::ExpiresIn(r#""an hour""#.to_owned());
/// emulator
///     .site(Provider::GoTo)
///     .inject(Endpoint::Token, Fault::Malformed(lifetime_in_words));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Malformed {
    /// JSON is announced, and something else is sent.
    NotJson,
    /// A page in HTML, as a proxy or a maintenance page sends it.
    Html,
    /// No body at all.
    Empty,
    /// A JSON string member of about this many bytes, sent without a `content-length`.
    Huge(usize),
    /// The real body, one byte at a time.
    Trickle {
        /// The pause before each byte.
        pause: Duration,
    },
    /// The real body with each member written twice, the second time with another value.
    DuplicateMembers,
    /// The real body with this type of token, under whichever name the provider uses.
    TokenType(String),
    /// The real body with this lifetime: JSON text, written as it stands, so that it may be anything or even no JSON.
    ///
    /// For example `"3600"` in quotes, `-1`, `0`, `null`, `1e400` or `3600.5`.
    ExpiresIn(String),
}

/// Writes each member twice; the copy is spoilt, so that it matters which one is read.
pub(super) fn with_duplicates(members: &Map<String, Value>) -> String {
    let twice = members.iter().flat_map(|(name, value)| {
        let copy = Value::String("duplicate".to_owned());
        [(name, value.to_string()), (name, copy.to_string())]
    });
    write_object(twice)
}

/// Writes the object with one of `names` replaced by `text`; the first of them is added where none is there.
pub(super) fn with_member(members: &Map<String, Value>, names: &[&str], text: &str) -> String {
    let name = names
        .iter()
        .find(|name| members.contains_key(**name))
        .or(names.first())
        .map_or_else(String::new, |name| (*name).to_owned());
    let others =
        members.iter().filter(|(other, _)| **other != name).map(|(other, value)| (other, value.to_string()));
    write_object(others.chain([(&name, text.to_owned())]))
}

/// Names under which the four providers tell the type of a token.
pub(super) const TOKEN_TYPE: &[&str] = &["token_type", "tokenType", "type"];

/// Names under which the four providers tell the lifetime of a token.
pub(super) const EXPIRES_IN: &[&str] = &["expires_in", "expiresIn"];

fn write_object<'a>(members: impl Iterator<Item = (&'a String, String)>) -> String {
    let members: Vec<String> =
        members.map(|(name, text)| format!("{}:{text}", Value::String(name.clone()))).collect();
    format!("{{{}}}", members.join(","))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{EXPIRES_IN, with_duplicates, with_member};

    #[test]
    fn a_member_is_replaced_where_it_is_and_added_where_it_is_not() {
        let members = json!({"a": 1, "expiresIn": 5});
        let members = members.as_object().unwrap();
        assert_eq!(with_member(members, EXPIRES_IN, "1e400"), r#"{"a":1,"expiresIn":1e400}"#);
        let members = json!({"a": 1});
        let members = members.as_object().unwrap();
        assert_eq!(with_member(members, EXPIRES_IN, "null"), r#"{"a":1,"expires_in":null}"#);
    }

    #[test]
    fn duplicates_differ() {
        let members = json!({"a": 1});
        let members = members.as_object().unwrap();
        assert_eq!(with_duplicates(members), r#"{"a":1,"a":"duplicate"}"#);
    }
}
