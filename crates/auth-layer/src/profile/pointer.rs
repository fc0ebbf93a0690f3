//! JSON Pointers (RFC 6901) that may point to several values.

use serde_json::Value;

use crate::error::ConfigError;

/// A JSON Pointer in which the segment `*` means every item of an array. In an object, `*` is the name of a member, as
/// in RFC 6901.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Pointer(Vec<String>);

impl Pointer {
    /// Parses a pointer. `what` is the name of the setting in errors.
    pub(super) fn new(what: &str, text: &str) -> Result<Self, ConfigError> {
        let refuse = |problem: String| Err(ConfigError::new(what.to_owned(), problem));
        if text.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let Some(segments) = text.strip_prefix('/') else {
            return refuse(format!("a JSON Pointer begins with a slash; write `/{text}`"));
        };
        match segments.split('/').map(unescaped).collect() {
            Some(segments) => Ok(Self(segments)),
            None => refuse("`~` is written `~0` in a JSON Pointer, and `/` is written `~1`".to_owned()),
        }
    }

    /// Parses the name of a member. `None` if it has no slash in front, so that it is a plain name. The names of a
    /// profile are checked when an exchange is built.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        name.starts_with('/').then(|| Self::new("answer name", name).ok()).flatten()
    }

    /// Returns the values in an object that is given as its members, in which a name may come twice.
    pub(crate) fn values<'a>(&self, members: &'a [(String, Value)]) -> Vec<&'a Value> {
        let mut found = Vec::new();
        if let Some((first, rest)) = self.0.split_first() {
            for (_, value) in members.iter().filter(|(name, _)| name == first) {
                collect(rest, value, &mut found);
            }
        }
        found
    }

    /// Returns the pointer as it is written.
    pub(super) fn text(&self) -> String {
        self.0.iter().map(|segment| format!("/{}", segment.replace('~', "~0").replace('/', "~1"))).collect()
    }

    /// Returns whether this is the empty pointer, which points to the whole document.
    pub(super) const fn is_whole_document(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether the values of `other` are the values of this pointer, or inside of them.
    pub(super) fn holds(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }

    /// Returns whether a value of this pointer passes `test`. No value is visited twice.
    pub(super) fn any(&self, document: &Value, test: &dyn Fn(&Value) -> bool) -> bool {
        walk(&self.0, document, test)
    }

    /// Does the same for an object that is given as its members, in which a name may come twice.
    pub(super) fn any_member(&self, members: &[(String, Value)], test: &dyn Fn(&Value) -> bool) -> bool {
        let Some((first, rest)) = self.0.split_first() else { return false };
        members.iter().any(|(name, value)| name == first && walk(rest, value, test))
    }
}

/// Returns whether a value at `segments` below `value` passes `test`.
fn walk(segments: &[String], value: &Value, test: &dyn Fn(&Value) -> bool) -> bool {
    let Some((first, rest)) = segments.split_first() else { return test(value) };
    match value {
        Value::Object(members) => members.get(first).is_some_and(|value| walk(rest, value, test)),
        Value::Array(items) if first == "*" => items.iter().any(|value| walk(rest, value, test)),
        Value::Array(items) => {
            index(first).and_then(|index| items.get(index)).is_some_and(|value| walk(rest, value, test))
        }
        _ => false,
    }
}

/// Adds the values at `segments` below `value` to `found`.
fn collect<'a>(segments: &[String], value: &'a Value, found: &mut Vec<&'a Value>) {
    let Some((first, rest)) = segments.split_first() else { return found.push(value) };
    match value {
        Value::Object(members) => {
            members.get(first).into_iter().for_each(|value| collect(rest, value, found));
        }
        Value::Array(items) if first == "*" => items.iter().for_each(|value| collect(rest, value, found)),
        Value::Array(items) => {
            let item = index(first).and_then(|index| items.get(index));
            item.into_iter().for_each(|value| collect(rest, value, found));
        }
        _ => {}
    }
}

/// Returns the array index that a segment names: digits without a leading zero (RFC 6901 section 4).
fn index(segment: &str) -> Option<usize> {
    let is_index =
        segment == "0" || !segment.starts_with('0') && segment.bytes().all(|byte| byte.is_ascii_digit());
    is_index.then(|| segment.parse().ok())?
}

/// Decodes the escapes of a segment (RFC 6901 section 4). `None` if a tilde is not part of an escape.
fn unescaped(segment: &str) -> Option<String> {
    let mut pieces = segment.split('~');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let escaped = piece.chars().next()?;
        text.push(match escaped {
            '0' => '~',
            '1' => '/',
            _ => return None,
        });
        // The first character is `0` or `1`, which is one byte long.
        text.push_str(&piece[1..]);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn found(pointer: &str, document: &Value) -> Vec<Value> {
        let found = std::cell::RefCell::new(Vec::new());
        let note = |value: &Value| {
            found.borrow_mut().push(value.clone());
            false
        };
        assert!(!Pointer::new("test", pointer).unwrap().any(document, &note));
        found.into_inner()
    }

    #[test]
    fn the_examples_of_rfc_6901_are_found() {
        let document = json!({
            "foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3,
            "g|h": 4, "i\\j": 5, "k\"l": 6, " ": 7, "m~n": 8,
        });
        assert_eq!(found("", &document), std::slice::from_ref(&document));
        assert_eq!(found("/foo", &document), [json!(["bar", "baz"])]);
        let values = [
            ("/foo/0", json!("bar")),
            ("/", json!(0)),
            ("/a~1b", json!(1)),
            ("/c%d", json!(2)),
            ("/e^f", json!(3)),
            ("/g|h", json!(4)),
            ("/i\\j", json!(5)),
            ("/k\"l", json!(6)),
            ("/ ", json!(7)),
            ("/m~0n", json!(8)),
        ];
        for (pointer, value) in values {
            assert_eq!(found(pointer, &document), [value], "{pointer}");
        }
        for pointer in
            ["/foo/2", "/foo/-", "/foo/00", "/foo/01", "/foo/+1", "/foo/0/x", "/none", "/foo/", "/~01"]
        {
            assert_eq!(found(pointer, &document), Vec::<Value>::new(), "{pointer}");
        }
    }

    #[test]
    fn an_asterisk_stands_for_all_items_of_an_array() {
        let document = json!({"a": [{"b": 1}, {"b": [2, 3]}, 4, {"c": 5}], "o": {"x": 6, "*": 7}});
        assert_eq!(found("/a/*/b", &document), [json!(1), json!([2, 3])]);
        assert_eq!(found("/a/*/b/*", &document), [json!(2), json!(3)]);
        assert_eq!(found("/o/*", &document), [json!(7)], "in an object it is a name like any other");
        assert_eq!(found("/*", &json!([1, null])), [json!(1), json!(null)]);
        assert_eq!(found("/a/*x", &document), Vec::<Value>::new());
    }

    #[test]
    fn a_pointer_that_is_not_one_is_an_error() {
        for wrong in ["a", "a/b", "#/a", "$.a", "*", " /a", "/a~", "/a~2b", "/~", "/a/~é"] {
            assert!(Pointer::new("test", wrong).is_err(), "{wrong}");
        }
        assert_eq!(
            Pointer::new("rejection sign code", "code").unwrap_err().to_string(),
            "rejection sign code: a JSON Pointer begins with a slash; write `/code`",
        );
    }
}
