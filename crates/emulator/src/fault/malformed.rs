//! The ways to spoil the body of an answer.

use std::time::Duration;

use serde_json::{Map, Value};

/// A way to spoil the body of an answer. The status and the header fields stay the same, except the content type.
///
/// The variants about members rewrite a JSON object and leave any other body unchanged.
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
    /// The content type says JSON, but the body is not JSON.
    NotJson,
    /// An HTML page, as a proxy or a maintenance page sends it.
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
    /// The real body, sent in chunks and so without a `content-length`.
    Chunked,
    /// The real body with this member replaced or added. The value is JSON text, written unchanged.
    ///
    /// An example is `scope` with the value `7`, which is not a valid scope.
    Member {
        /// The name of the member.
        name: String,
        /// Its value as JSON text. It may be anything, even invalid JSON.
        value: String,
    },
    /// The real body without this member.
    Without(String),
    /// The real body up to the value of this member. The message is complete, but its JSON is cut off. A body without
    /// this member stays unchanged.
    EndsAfter(String),
    /// The real body with each member written twice, the second time with another value.
    DuplicateMembers,
    /// The real body with this type of token, under the name that the provider uses.
    TokenType(String),
    /// The real body with this lifetime. It is JSON text, written unchanged; it may be anything, even invalid JSON.
    ///
    /// Examples are `"3600"` in quotes, `"PT1H"`, `-1`, `0`, `null`, `1e400` and `3600.5`. For an answer without a
    /// lifetime, see [`Without`](Self::Without).
    ExpiresIn(String),
}

/// Writes each member twice. The copy has another value, so that a test can tell which one was read.
pub(super) fn with_duplicates(members: &Map<String, Value>) -> String {
    let twice = members.iter().flat_map(|(name, value)| {
        let copy = Value::String("duplicate".to_owned());
        [(name, value.to_string()), (name, copy.to_string())]
    });
    write_object(twice)
}

/// Writes the object with one of `names` replaced by `text`. If it has none of them, the first name is added.
pub(super) fn with_member(members: &Map<String, Value>, names: &[&str], text: &str) -> String {
    let name = names
        .iter()
        .find(|name| members.contains_key(**name))
        .or(names.first())
        .map_or_else(String::new, |name| (*name).to_owned());
    // The member goes to the end. A reader must not depend on the order.
    let others =
        members.iter().filter(|(other, _)| **other != name).map(|(other, value)| (other, value.to_string()));
    write_object(others.chain([(&name, text.to_owned())]))
}

/// Writes the object without one member.
pub(super) fn without_member(members: &Map<String, Value>, name: &str) -> String {
    write_object(written(members.iter().filter(|(other, _)| *other != name)))
}

/// Writes the object up to and with one member, without the rest and without the closing brace.
pub(super) fn up_to_member(members: &Map<String, Value>, name: &str) -> String {
    let Some(at) = members.keys().position(|other| other == name) else {
        return write_object(written(members.iter()));
    };
    let mut text = write_object(written(members.iter().take(at + 1)));
    // The closing brace is what makes the JSON complete.
    text.pop();
    text
}

fn written<'a>(
    members: impl Iterator<Item = (&'a String, &'a Value)>,
) -> impl Iterator<Item = (&'a String, String)> {
    members.map(|(name, value)| (name, value.to_string()))
}

/// The names that the four providers use for the type of a token.
pub(super) const TOKEN_TYPE: &[&str] = &["token_type", "tokenType", "type"];

/// The names that the four providers use for the lifetime of a token.
pub(super) const EXPIRES_IN: &[&str] = &["expires_in", "expiresIn"];

fn write_object<'a>(members: impl Iterator<Item = (&'a String, String)>) -> String {
    let members: Vec<String> =
        members.map(|(name, text)| format!("{}:{text}", Value::String(name.clone()))).collect();
    format!("{{{}}}", members.join(","))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{EXPIRES_IN, up_to_member, with_duplicates, with_member, without_member};

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
    fn a_member_is_left_out_or_the_last_one() {
        let members = json!({"a": 1, "b": "2", "c": 3});
        let members = members.as_object().unwrap();
        assert_eq!(without_member(members, "b"), r#"{"a":1,"c":3}"#);
        assert_eq!(up_to_member(members, "b"), r#"{"a":1,"b":"2""#);
        for same in [without_member(members, "d"), up_to_member(members, "d")] {
            assert_eq!(same, r#"{"a":1,"b":"2","c":3}"#);
        }
    }

    #[test]
    fn duplicates_differ() {
        let members = json!({"a": 1});
        let members = members.as_object().unwrap();
        assert_eq!(with_duplicates(members), r#"{"a":1,"a":"duplicate"}"#);
    }
}
