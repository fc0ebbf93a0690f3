//! The reason why a configuration file cannot be used, without any value from it.

use std::borrow::Cow;

use serde::de::IgnoredAny;

/// Returns what is wrong, without any value of the file. The parser's own messages are about the grammar only. Those of
/// serde repeat values, except the ones about names of fields.
pub(super) fn reason(text: &str, message: &str) -> Cow<'static, str> {
    let of_the_grammar = toml::from_str::<IgnoredAny>(text).is_err();
    if of_the_grammar { message.to_owned().into() } else { of_a_value(message) }
}

/// Returns what is wrong with a value.
pub(super) fn of_a_value(message: &str) -> Cow<'static, str> {
    if let Some(ours) = [NO_KEY, NO_VARIABLE].into_iter().find(|ours| message == *ours) {
        return ours.into();
    }
    if message.starts_with("unknown field `") || message.starts_with("missing field `") {
        return message.to_owned().into();
    }
    // The last part of this message is serde's own list. The part before it is the value.
    match message.strip_prefix("unknown variant `").and_then(|message| message.rsplit_once("expected ")) {
        Some((_, known)) => {
            let known = known.replace("one of ", "").replace(" or ", ", ").replace('`', "");
            format!("is not one of {known}").into()
        }
        None => "has the wrong type".into(),
    }
}

/// Returns the line and the column of a byte. Both count from 1.
pub(super) fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

pub(super) const MISPLACED: &str = "a secret does not belong in this file; put a client's secret into a file of its own \
    and name that file in client_secret_file, or name a variable in client_secret_env; tokens are kept in the store";

pub(super) const NO_KEY: &str =
    "a key does not belong in this file; write key = \"env:NAME\", or name a file in key_file";

pub(super) const NO_VARIABLE: &str =
    "is not a valid name of an environment variable (use letters, digits and _, and no digit first)";
