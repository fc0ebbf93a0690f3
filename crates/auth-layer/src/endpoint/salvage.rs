//! Reads an object that breaks off, or in which some values are not JSON.

use serde_json::Value;

/// Returns the members of an object, and whether the object is complete and all its names could be read.
///
/// A value that is not JSON (`NaN`, `03600`, a string with a raw line break) affects only its own member: it counts as
/// a value of the wrong type. A member that breaks off is left out.
pub(super) fn members(text: &str) -> (Vec<(String, Value)>, bool) {
    let mut found = Vec::new();
    let Some(mut rest) = text.strip_prefix('{') else { return (found, false) };
    let mut is_whole = true;
    while let Some(length) = item(rest) {
        let (span, after) = rest.split_at(length);
        match member(span) {
            Some(member) => found.push(member),
            None => is_whole &= found.is_empty() && span.trim().is_empty() && after.starts_with('}'),
        }
        if let Some(end) = after.strip_prefix('}') {
            return (found, is_whole && end.trim().is_empty());
        }
        rest = after.strip_prefix(',').unwrap_or_default();
    }
    // A closed string is complete. A number is not: more digits may be missing.
    found.extend(member(rest).filter(|(_, value)| value.is_string()));
    (found, false)
}

/// Returns the length of a member, up to the comma or the brace after it. `None` if the member breaks off. Brackets and
/// commas in strings do not count.
fn item(text: &str) -> Option<usize> {
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    for (place, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth > 0 => depth -= 1,
            b'}' | b',' if depth == 0 => return Some(place),
            _ => {}
        }
    }
    None
}

/// Reads a name, a colon and a value.
fn member(span: &str) -> Option<(String, Value)> {
    let mut names = serde_json::Deserializer::from_str(span).into_iter::<String>();
    let name = names.next()?.ok()?;
    let value = span.get(names.byte_offset()..)?.trim_start().strip_prefix(':')?;
    // An empty array is wrong for every member. `null` would count as absent.
    Some((name, serde_json::from_str(value).unwrap_or_else(|_| Value::Array(Vec::new()))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, names: &[&str], is_whole: bool) {
        let (found, whole) = members(text);
        let found: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!((found.as_slice(), whole), (names, is_whole), "{text}");
    }

    #[test]
    fn a_value_that_is_not_json_spoils_its_own_member_only() {
        for value in ["NaN", "03600", "+3600", "undefined", "", "\"a\tb\nc\"", r#""O\'Brien""#, "[1,}x]"] {
            let (found, is_whole) = members(&format!(r#"{{"a":"1","x":{value},"r":"2"}} "#));
            let spoiled = ("x".to_owned(), Value::Array(Vec::new()));
            let expected = [("a".to_owned(), "1".into()), spoiled, ("r".to_owned(), "2".into())];
            assert_eq!((found.as_slice(), is_whole), (expected.as_slice(), true), "{value}");
        }
    }

    #[test]
    fn a_member_that_breaks_off_is_left_out() {
        check(r#"{"a":"1","r":"2"#, &["a"], false);
        check(r#"{"a":"1","r":2"#, &["a"], false);
        check(r#"{"a":"1","r":"2""#, &["a", "r"], false);
        check(r#"{"a":"1","r":"2","#, &["a", "r"], false);
        check(r#"{"a":{"r":"2"},"b"#, &["a"], false);
        check(r#"{"a":"1"}<html>"#, &["a"], false);
        check(r#"{"a":"1","\ud800":1,"r":"2"}"#, &["a", "r"], false);
        check(r#"{"n":"O"Brien","r":"2"}"#, &[], false);
        check("[]", &[], false);
        check("{}", &[], true);
    }
}
