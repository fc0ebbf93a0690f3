//! `Mismatch`: why a body does not match the API document, and where, without a value of the body.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

use crate::redact::is_opaque;

/// Serde's error about a body, without the values that serde quotes: they may be secrets.
#[derive(Debug)]
pub(crate) struct Mismatch {
    problem: &'static str,
    /// The path in the body, with the name of a missing member. Empty for the whole body.
    place: String,
    /// The type or the values that the document allows.
    expected: Option<String>,
    /// The kind of the value in the body.
    found: Option<&'static str>,
    line: usize,
    column: usize,
}

impl Mismatch {
    /// Explains why `body` could not be decoded as a `T`. It decodes the body a second time and records the path, so
    /// that a valid body does not pay for it.
    pub(crate) fn of<T: DeserializeOwned>(body: &[u8], error: &serde_json::Error) -> Self {
        let mut json = serde_json::Deserializer::from_slice(body);
        match serde_path_to_error::deserialize::<_, T>(&mut json) {
            Err(error) => Self::new(shown(error.path()), error.inner()),
            // The value is valid, but other text follows it.
            Ok(_) => Self::new(String::new(), error),
        }
    }

    fn new(mut place: String, error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let problem = match error.classify() {
            Category::Eof => "the JSON ends too early",
            Category::Syntax | Category::Io => "the body is not JSON",
            Category::Data => PROBLEMS
                .iter()
                .find(|(beginning, _)| text.starts_with(beginning))
                .map_or("a value cannot be decoded", |(_, problem)| problem),
        };
        let missing = text.strip_prefix("missing field `").and_then(|rest| rest.split_once('`'));
        if let Some((name, _)) = missing {
            let point = if place.is_empty() { "" } else { "." };
            place = tail(format!("{place}{point}{}", shown_name(name)));
        }
        let quoted = ["invalid type: ", "invalid value: "].iter().find_map(|start| text.strip_prefix(start));
        let found = quoted.and_then(|rest| KINDS.iter().find(|(kind, _)| rest.starts_with(kind)));
        Self {
            problem,
            place,
            expected: expected(&text),
            found: found.map(|(_, shown)| *shown),
            line: error.line(),
            column: error.column(),
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.problem, &*self.place) {
            (MISSING, place) => write!(f, "the member `{place}` is missing")?,
            (problem, "") => f.write_str(problem)?,
            (problem, place) => write!(f, "{problem} at `{place}`")?,
        }
        if let Some(expected) = &self.expected {
            write!(f, ": expected {expected}")?;
            if let Some(found) = self.found {
                write!(f, ", found {found}")?;
            }
        }
        // serde_json has no line for an error in a part that it read as text before.
        match self.line {
            0 => Ok(()),
            line => write!(f, " (line {line}, column {})", self.column),
        }
    }
}

impl std::error::Error for Mismatch {}

/// Returns the expected type or values from serde's text. They come from our own types, not from the body.
fn expected(text: &str) -> Option<String> {
    let is_known = PROBLEMS.iter().any(|(beginning, _)| text.starts_with(beginning));
    // The last `, expected ` is serde's own. An earlier one may be part of a quoted value.
    let (_, expected) = text.rsplit_once(", expected ").filter(|_| is_known)?;
    let expected = expected.rsplit_once(" at line ").map_or(expected, |(expected, _)| expected);
    Some(expected.chars().filter(|sign| !sign.is_control()).take(LONGEST_EXPECTED).collect())
}

/// Returns a path such as `data[0].guest.kind`.
fn shown(path: &Path) -> String {
    let mut shown = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => shown.push_str(&format!("[{index}]")),
            // serde_json's internal key for a value passed as text is not a member of the body.
            Segment::Map { key } if key.starts_with("$serde_json::") => {}
            Segment::Map { key: name } | Segment::Enum { variant: name } => {
                if !shown.is_empty() {
                    shown.push('.');
                }
                shown.push_str(shown_name(name));
            }
            Segment::Unknown => {}
        }
    }
    tail(shown)
}

/// Returns a member's name, or `*` if it does not look like a documented name. In a map, a key may be personal data or
/// a secret, such as an email address or a token.
fn shown_name(name: &str) -> &str {
    let is_name = |sign: char| sign.is_ascii_alphanumeric() || "_-$".contains(sign);
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    let is_shown = (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(is_name);
    if is_shown && digits < MOST_DIGITS && !is_opaque(name) { name } else { "*" }
}

/// Returns the end of a long path, which says more than its beginning.
fn tail(path: String) -> String {
    // Every index is a character boundary: `shown_name` lets only ASCII through.
    match path.len().checked_sub(LONGEST_PATH) {
        None | Some(0) => path,
        Some(cut) => format!("...{}", &path[cut..]),
    }
}

const MISSING: &str = "a member is missing";

/// The beginnings of serde's texts, and our text for each.
const PROBLEMS: [(&str, &str); 8] = [
    ("missing field ", MISSING),
    ("invalid type: ", "a value has the wrong type"),
    ("invalid value: ", "a value is not allowed"),
    ("invalid length ", "an array has the wrong length"),
    ("unknown variant ", "a value is not one of the documented values"),
    ("unknown field ", "a member is not documented"),
    ("duplicate field ", "a member appears twice"),
    ("data did not match any variant ", "a value matches none of the documented types"),
];

/// The beginnings of serde's descriptions of a value, and our text for each.
const KINDS: [(&str, &str); 13] = [
    ("null", "null"),
    ("unit", "null"),
    ("boolean", "a boolean"),
    ("integer", "an integer"),
    ("number", "a number"),
    ("floating point", "a number"),
    ("character", "a string"),
    ("string", "a string"),
    ("map", "an object"),
    ("sequence", "an array"),
    ("struct variant", "an object"),
    ("newtype variant", "an object"),
    ("Option", "an optional value"),
];

// Limits in characters. They keep an error on one readable line.
const LONGEST_EXPECTED: usize = 120;
const LONGEST_NAME: usize = 40;
const LONGEST_PATH: usize = 160;

/// A name with this many digits is not shown: it may be a phone or account number.
const MOST_DIGITS: usize = 6;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;
    use crate::Digits;

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "the tests look only at the errors")]
    struct Guest {
        kind: String,
        age: Option<u8>,
        id: Option<Digits>,
        mood: Option<Mood>,
        tags: Option<BTreeMap<String, u8>>,
        room: Option<Room>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Mood {
        Glad,
        Sad,
    }

    #[derive(Deserialize)]
    #[serde(untagged)]
    #[expect(dead_code, reason = "the tests look only at the errors")]
    enum Room {
        Number(u8),
        Names(Vec<String>),
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "the tests look only at the errors")]
    struct Booking {
        guest: Guest,
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "the tests look only at the errors")]
    struct Page {
        data: Vec<Booking>,
    }

    fn mismatch<T: DeserializeOwned>(json: &str) -> String {
        let Err(error) = serde_json::from_str::<T>(json) else { panic!("{json} was read") };
        Mismatch::of::<T>(json.as_bytes(), &error).to_string()
    }

    #[track_caller]
    fn check<T: DeserializeOwned>(json: &str, expected: &str) {
        assert_eq!(mismatch::<T>(json), expected);
    }

    /// A guest in the second booking of a page.
    #[track_caller]
    fn check_guest(guest: &str, expected: &str) {
        let json = format!(r#"{{"data": [{{"guest": {{"kind": "x"}}}}, {{"guest": {guest}}}]}}"#);
        let said = mismatch::<Page>(&json);
        let (said, position) = said.split_once(" (line 1, column ").expect("a position");
        assert_eq!(said, expected);
        assert!(position.ends_with(')'), "{position}");
    }

    #[test]
    fn a_mismatch_says_where_it_is_and_which_type_was_expected() {
        let kind = "a value has the wrong type at `data[1].guest.kind`: expected a string, found ";
        check_guest(r#"{"kind": null}"#, &format!("{kind}null"));
        check_guest(r#"{"kind": 7}"#, &format!("{kind}an integer"));
        check_guest(r#"{"kind": 7.5}"#, &format!("{kind}a number"));
        check_guest(r#"{"kind": {"secret": "secret"}}"#, &format!("{kind}an object"));
        check_guest(r#"{"kind": ["secret"]}"#, &format!("{kind}an array"));
        check_guest("{}", "the member `data[1].guest.kind` is missing");
        check_guest(
            r#"{"kind": "x", "age": 300}"#,
            "a value is not allowed at `data[1].guest.age`: expected u8, found an integer",
        );
        check_guest(
            r#"{"kind": "x", "id": "s3cret"}"#,
            "a value has the wrong type at `data[1].guest.id`: expected a string of digits or a whole number, found a string",
        );
        check_guest(
            r#"{"kind": "x", "mood": "secret, expected secret"}"#,
            "a value is not one of the documented values at `data[1].guest.mood`: expected `glad` or `sad`",
        );
        check_guest(
            r#"{"kind": "x", "room": "secret"}"#,
            "a value matches none of the documented types at `data[1].guest.room`",
        );
        check_guest(r#"{"kind": "x", "kind": "secret"}"#, "a member appears twice at `data[1].guest`");
    }

    #[test]
    fn values_are_not_quoted() {
        check::<u32>(
            "\"secret\"",
            "a value has the wrong type: expected u32, found a string (line 1, column 8)",
        );
        check::<u32>(
            "\"secret, expected secret\"",
            "a value has the wrong type: expected u32, found a string (line 1, column 25)",
        );
        check::<Guest>("{}", "the member `kind` is missing (line 1, column 2)");
        check::<Guest>("<html>", "the body is not JSON (line 1, column 1)");
        check::<Guest>("{", "the JSON ends too early (line 1, column 1)");
        check::<u32>("7 secret", "the body is not JSON (line 1, column 3)");
        check::<Digits>(
            "1.5",
            "a value has the wrong type: expected a string of digits or a whole number, found a number",
        );
    }

    #[test]
    fn a_name_that_may_be_a_value_is_not_shown() {
        let cases = [
            ("plain-name_1", "plain-name_1"),
            ("ada@example.com", "*"),
            ("4915112345678", "*"),
            ("eyJhbGciOiJSUzI1NiJ9", "*"),
            ("c2VjcmV0LXRva2VuLTEyMw", "*"),
            ("", "*"),
            ("two words", "*"),
            ("a`b", "*"),
            ("Müller", "*"),
        ];
        for (key, shown) in cases {
            let json = format!(r#"{{"kind": "x", "tags": {{"{key}": "secret"}}}}"#);
            let said = mismatch::<Guest>(&json);
            assert!(said.contains(&format!(" at `tags.{shown}`: expected u8, found a string")), "{said}");
        }
        let long = "x".repeat(41);
        assert!(
            mismatch::<Guest>(&format!(r#"{{"kind": "x", "tags": {{"{long}": ""}}}}"#)).contains("`tags.*`")
        );
    }

    #[test]
    fn a_long_path_shows_its_end() {
        #[derive(Debug, Deserialize)]
        struct Deep {
            #[serde(rename = "below")]
            _below: Option<Box<Deep>>,
        }
        let json = format!("{}7{}", r#"{"below":"#.repeat(60), "}".repeat(60));
        let said = mismatch::<Deep>(&json);
        assert!(said.contains(" at `...") && said.contains(".below.below`: expected"), "{said}");
        assert!(said.len() < 300, "{said}");
    }
}
