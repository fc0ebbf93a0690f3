//! Replaces `{<name>}` in the texts of a profile.

use std::collections::BTreeSet;

use toml::{Table, Value};

use crate::error::ProfileError;

/// Replaces each `{<name>}` in the texts of `keys`. `value` returns the text for a name, and `None` if there is no such
/// input.
pub(crate) fn fill(
    keys: &Table,
    value: &dyn Fn(&str) -> Result<Option<String>, ProfileError>,
) -> Result<Table, ProfileError> {
    keys.iter().map(|(key, text)| Ok((key.clone(), fill_value(key, text, value)?))).collect()
}

/// Returns the names in braces that the texts of `keys` use.
pub(crate) fn names(keys: &Table) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    keys.iter().for_each(|(_, value)| collect(value, &mut found));
    found
}

fn collect(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => found.extend(pieces(text).filter_map(|piece| match piece {
            Piece::Name(name) => Some(name.to_owned()),
            Piece::Text(_) => None,
        })),
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Table(members) => members.iter().for_each(|(_, member)| collect(member, found)),
        _ => {}
    }
}

fn fill_value(
    key: &str,
    text: &Value,
    value: &dyn Fn(&str) -> Result<Option<String>, ProfileError>,
) -> Result<Value, ProfileError> {
    Ok(match text {
        Value::String(text) => Value::String(fill_text(key, text, value)?),
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| fill_value(key, item, value)).collect::<Result<_, _>>()?)
        }
        Value::Table(members) => Value::Table(
            members
                .iter()
                .map(|(name, member)| {
                    Ok((name.clone(), fill_value(&format!("{key}.{name}"), member, value)?))
                })
                .collect::<Result<_, ProfileError>>()?,
        ),
        other => other.clone(),
    })
}

fn fill_text(
    key: &str,
    text: &str,
    value: &dyn Fn(&str) -> Result<Option<String>, ProfileError>,
) -> Result<String, ProfileError> {
    let mut filled = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => filled.push_str(text),
            Piece::Name(name) => match value(name)? {
                Some(value) => filled.push_str(&value),
                None => {
                    let problem = format!("{{{name}}} is not an input; add the table [inputs.{name}]");
                    return Err(ProfileError::new(key, problem));
                }
            },
        }
    }
    Ok(filled)
}

enum Piece<'a> {
    Text(&'a str),
    /// A name that was in braces.
    Name(&'a str),
}

/// Splits a text at its names in braces. Other braces are text.
fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some((name, after)) = name_at_start(rest) {
            rest = after;
            return Some(Piece::Name(name));
        }
        // The first byte is text, even if it is a brace that opens no name.
        let end = rest.char_indices().skip(1).find(|(_, c)| *c == '{').map_or(rest.len(), |(at, _)| at);
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(Piece::Text(piece))
    })
}

fn name_at_start(text: &str) -> Option<(&str, &str)> {
    let (name, after) = text.strip_prefix('{')?.split_once('}')?;
    let is_name = !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    is_name.then_some((name, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> Result<String, String> {
        let value = |name: &str| Ok((name == "tenant").then(|| "seven".to_owned()));
        fill_text("token_url", text, &value).map_err(|error| error.to_string())
    }

    #[test]
    fn names_in_braces_are_replaced_and_other_braces_are_text() {
        assert_eq!(filled("https://h.example/{tenant}/t").unwrap(), "https://h.example/seven/t");
        assert_eq!(filled("{tenant}{tenant}").unwrap(), "sevenseven");
        for plain in ["", "a", "{", "}", "{}", "{Tenant}", "a{b", "{\"a\": 1}", "é{é}"] {
            assert_eq!(filled(plain).unwrap(), plain);
        }
        assert_eq!(
            filled("{shop}").unwrap_err(),
            "token_url: {shop} is not an input; add the table [inputs.shop]"
        );
    }

    #[test]
    fn the_names_in_a_table_are_found_at_any_depth() {
        let table: Table = toml::from_str("a = \"{x}\"\nb = [\"{y}\"]\nc = { d = \"{z}{x}\" }\n").unwrap();
        assert_eq!(names(&table).into_iter().collect::<Vec<_>>(), ["x", "y", "z"]);
    }
}
