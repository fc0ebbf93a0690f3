//! Recognises a refusal in an answer and reads its code and its text.

use http::StatusCode;
use serde_json::{Map, Value};

use super::members::Members;
use crate::error::OAuthError;
use crate::profile::Profile;

/// The server's explanation of a refusal.
pub(super) struct Refusal {
    /// The error, if it has a code.
    pub(super) oauth: Option<OAuthError>,
    /// The text that explains the refusal to a person.
    pub(super) message: Option<String>,
}

impl Members {
    /// Returns whether the answer is an error, even if its status is 2xx. It is an error if:
    ///
    /// - it has an `error`, or `"ok": false`, or `"success": false`, or a sign of the profile;
    /// - it has no access token, but the code of a grant that has ended.
    pub(super) fn is_error(&self, status: StatusCode, profile: &Profile) -> bool {
        let says_so = self.iter().any(|(name, value)| match name {
            "error" => !says_nothing(value),
            "ok" | "success" => *value == Value::Bool(false),
            _ => false,
        });
        let is_token =
            || profile.facts().names.access_token.iter().any(|name| self.named(name).next().is_some());
        says_so
            || profile.refuses(status, self.as_slice())
            || (!is_token() && self.code(None).is_some_and(|(code, _)| profile.ends_grant(&code)))
    }

    /// Returns whether the answer is a refusal whose code means that the server did nothing. A token in such an answer
    /// does not come from this exchange.
    pub(super) fn did_nothing(&self, status: StatusCode, profile: &Profile) -> bool {
        self.is_error(status, profile)
            && self.code(None).is_some_and(|(code, _)| NOTHING_DONE.contains(&code.as_str()))
    }

    /// Reads the code and the text of a refusal. `redact` removes the request's secrets from a text.
    pub(super) fn refusal(&self, status: StatusCode, redact: impl Fn(&str) -> String) -> Refusal {
        let tokens = self.tokens();
        // A server may repeat a token of its own answer in a text, so that these tokens are redacted as well.
        let plain = redact;
        let redact =
            |text: &str| tokens.iter().fold(plain(text), |text, token| text.replace(token, "[redacted]"));
        let message = self.message().map(redact);
        let oauth = self.code(Some(status)).map(|(code, is_standard)| {
            let uri = self.member("error_uri").and_then(filled).map(redact);
            // Callers decide by the code, so that it must not be redacted by accident: a short word that the answer has
            // as a "token" may also be a part of the code.
            let is_word = !code.contains(char::is_whitespace);
            let shown = tokens
                .iter()
                .filter(|token| !is_word || token.len() >= SHORTEST_IN_CODE || **token == code)
                .fold(plain(&code), |shown, token| shown.replace(token, "[redacted]"));
            OAuthError::new(&shown, message.as_deref(), uri.as_deref(), is_standard)
        });
        Refusal { oauth, message }
    }

    /// Returns the code of an error, and whether it is in `error` (RFC 6749 section 5.2) or in an object there.
    fn code(&self, status: Option<StatusCode>) -> Option<(String, bool)> {
        let error = self.member("error");
        let inner = error.and_then(Value::as_object);
        let standard = error.and_then(|error| code(error, status)).or_else(|| {
            // {"error": {"code", "message"}}. An object without a code is an error, too.
            inner.map(|inner| code_of(inner, status).unwrap_or_else(|| "unknown".to_owned()))
        });
        if let Some(code) = standard {
            return Some((code, true));
        }
        let first = self.first_of_errors();
        let listed = first.and_then(Value::as_object).and_then(|first| code_of(first, status));
        // {"status": "BAD_REFRESH_TOKEN", "message"}.
        let own =
            || OWN_CODES.iter().filter_map(|name| self.member(name)).find_map(|value| code(value, status));
        listed.or_else(own).map(|code| (code, false))
    }

    /// Returns the text that explains an error.
    fn message(&self) -> Option<&str> {
        let own = |name: &&str| self.member(name).and_then(filled);
        let in_error = || self.member("error")?.as_object().and_then(message_of);
        let in_list = || {
            let first = self.first_of_errors()?;
            filled(first).or_else(|| first.as_object().and_then(message_of))
        };
        own(&"error_description").or_else(in_error).or_else(|| MESSAGES.iter().find_map(own)).or_else(in_list)
    }

    /// Returns all tokens in the answer, at any depth. They must not be shown in an error.
    fn tokens(&self) -> Vec<&str> {
        let mut tokens = Vec::new();
        for (name, value) in self.iter() {
            collect_tokens(name, value, &mut tokens);
        }
        tokens
    }

    fn first_of_errors(&self) -> Option<&Value> {
        self.member("errors")?.as_array()?.first()
    }

    fn member(&self, name: &str) -> Option<&Value> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

/// Reads a code, which is a text or a number. `None` if it only repeats the status of the answer, or if it is a word
/// such as `failed` that does not say which error it is.
fn code(value: &Value, status: Option<StatusCode>) -> Option<String> {
    let code = match value {
        Value::String(code) => code.clone(),
        Value::Number(code) => code.to_string(),
        _ => return None,
    };
    let repeats = status.is_some_and(|status| code == status.as_str());
    (!code.is_empty() && !repeats && !NO_CODES.iter().any(|word| word.eq_ignore_ascii_case(&code)))
        .then_some(code)
}

/// Returns the first code in an object.
fn code_of(object: &Map<String, Value>, status: Option<StatusCode>) -> Option<String> {
    CODES.iter().filter_map(|name| object.get(*name)).find_map(|value| code(value, status))
}

/// Returns the first text for people in an object.
fn message_of(object: &Map<String, Value>) -> Option<&str> {
    MESSAGES.iter().filter_map(|name| object.get(*name)).find_map(filled)
}

fn filled(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

/// Returns whether the value of `error` means that there is no error.
fn says_nothing(error: &Value) -> bool {
    match error {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(errors) => errors.is_empty(),
        Value::Object(error) => error.is_empty(),
    }
}

/// Adds the tokens in `value` to `tokens`.
fn collect_tokens<'a>(name: &str, value: &'a Value, tokens: &mut Vec<&'a str>) {
    match value {
        Value::String(text) if is_of_a_token(name) && text.len() >= SHORTEST_TOKEN => tokens.push(text),
        Value::Array(values) => values.iter().for_each(|value| collect_tokens(name, value, tokens)),
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| collect_tokens(name, value, tokens));
        }
        _ => {}
    }
}

/// Returns whether a member with this name holds a token or a secret. `token_type` or `token_error`, for example, do
/// not.
fn is_of_a_token(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["token", "secret", "assertion"].iter().any(|word| name.contains(word))
        && !["type", "error", "message", "description", "status", "state"]
            .iter()
            .any(|word| name.contains(word))
}

/// The members that may have the code in an object within the answer, in this order.
const CODES: [&str; 8] =
    ["code", "errorCode", "error_code", "errcode", "errorType", "error", "type", "status"];

/// The members that may have the code in the answer itself. A `type` there describes the answer (RFC 9457 section
/// 3.1.1).
const OWN_CODES: [&str; 6] = ["errorCode", "error_code", "code", "errcode", "errorType", "status"];

/// The codes of a server that has not looked at the grant (RFC 6749 sections 4.1.2.1 and 5.2).
const NOTHING_DONE: [&str; 4] =
    ["temporarily_unavailable", "invalid_request", "invalid_client", "unauthorized_client"];

/// The words that say only that there is an error, not which one.
const NO_CODES: [&str; 5] = ["error", "fail", "failed", "failure", "false"];

/// The members that may have a text for people, in this order.
const MESSAGES: [&str; 8] =
    ["message", "error_message", "errorMessage", "error_description", "detail", "title", "msg", "errmsg"];

/// The length from which a string is redacted in a code. Error codes are mostly shorter, and tokens are longer.
const SHORTEST_IN_CODE: usize = 20;

/// Shorter strings are not redacted: they are not tokens, and redacting them would make a text unreadable.
const SHORTEST_TOKEN: usize = 6;
