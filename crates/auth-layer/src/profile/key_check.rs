//! Checks the keys of a profile that is written as data, with the table of all keys.

use serde_json::Value;

use super::keys::{Key, REQUIRED};
use super::profile::Profile;

/// Returns an error if `value` has a key that a profile does not have, or lacks a key that it needs, or has a list in
/// place of a table. The error names the key, or the nearest one.
pub(super) fn check(value: &Value) -> Result<(), String> {
    walk("", "", value)
}

/// Returns the error of a value with a wrong form at a path such as `rejections[0].at`. It does not have the value.
pub(super) fn wrong_form(path: &str) -> String {
    let pattern = pattern_of(path);
    // An item of a list of texts has no row. The form is that of the list.
    let is_item = pattern.ends_with("[]") && children(&pattern).next().is_none();
    let path = if is_item { path.rsplit_once('[').map_or(path, |(list, _)| list) } else { path };
    let row = Profile::KEYS.iter().find(|key| matches(key.name(), &pattern));
    // A table has no row of its own.
    let form = row.map_or("a table", Key::form);
    format!("`{}` must be {form}", path.escape_debug())
}

/// `path` is the place in the document, and `pattern` the same in the form of the table.
fn walk(path: &str, pattern: &str, value: &Value) -> Result<(), String> {
    match value {
        Value::Object(members) => {
            let known: Vec<&str> = children(pattern).collect();
            for (name, member) in members {
                // A table in place of another value is an error of its form, which is found later.
                let segment = match known.iter().find(|segment| segment.starts_with('<')) {
                    Some(free) => *free,
                    None if known.is_empty() || known.contains(&name.as_str()) => name,
                    None => return Err(unknown(&joined(path, name), name, &known)),
                };
                walk(&joined(path, name), &joined(pattern, segment), member)?;
            }
            let missing =
                known.iter().find(|name| is_required(pattern, name) && !members.contains_key(**name));
            missing.map_or(Ok(()), |name| {
                Err(format!("`{}` is missing; add it", joined(path, name).escape_debug()))
            })
        }
        // serde would read a list as the values of the table's keys, in the order of the code.
        Value::Array(_) if children(pattern).next().is_some() => Err(wrong_form(path)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, item)| walk(&format!("{path}[{index}]"), &format!("{pattern}[]"), item)),
        _ => Ok(()),
    }
}

/// Returns whether a table with this pattern needs the key.
fn is_required(pattern: &str, name: &str) -> bool {
    let name = joined(pattern, name);
    Profile::KEYS.iter().any(|key| key.name() == name && key.default() == REQUIRED)
}

/// Returns the names that may follow a pattern, without repetitions.
fn children(pattern: &str) -> impl Iterator<Item = &'static str> {
    let mut last = "";
    Profile::KEYS.iter().filter_map(move |key| {
        let rest = if pattern.is_empty() {
            key.name()
        } else {
            key.name().strip_prefix(pattern)?.strip_prefix('.')?
        };
        let segment = rest.split(['.', '[']).next().unwrap_or(rest);
        // The rows of a table stand together.
        let is_new = segment != last;
        last = segment;
        is_new.then_some(segment)
    })
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn unknown(path: &str, name: &str, known: &[&str]) -> String {
    let near = known
        .iter()
        .map(|key| (strsim::normalized_damerau_levenshtein(name, key), *key))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|one, other| one.0.total_cmp(&other.0));
    // Escaped, since the error may be shown on a terminal.
    let path = path.escape_debug();
    match near {
        Some((_, key)) => format!("unknown key `{path}`; did you mean `{key}`?"),
        None => format!("unknown key `{path}`; the keys here are {}", known.join(", ")),
    }
}

/// Writes `rejections[0].at` as `rejections[].at`.
fn pattern_of(path: &str) -> String {
    let mut pattern = String::with_capacity(path.len());
    let mut in_brackets = false;
    for c in path.chars() {
        match c {
            '[' => in_brackets = true,
            ']' => in_brackets = false,
            _ if in_brackets => continue,
            _ => {}
        }
        pattern.push(c);
    }
    pattern
}

/// Returns whether a path is one of a row. A list of texts has no row for its items.
fn matches(row: &str, path: &str) -> bool {
    let path = path.strip_suffix("[]").unwrap_or(path);
    let (mut of_row, mut of_path) = (row.split('.').peekable(), path.split('.'));
    loop {
        match (of_row.next(), of_path.next()) {
            (None, None) => return true,
            (Some(free), Some(_)) if free.starts_with('<') => {
                // A name of the user's own may have a dot. The last one is the rest of the path.
                if of_row.peek().is_none() {
                    return true;
                }
            }
            (Some(wanted), Some(found)) if wanted == found => {}
            _ => return false,
        }
    }
}

/// Names that are less alike are not taken for misspellings of each other.
const ALIKE: f64 = 0.6;
