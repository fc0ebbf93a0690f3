//! `OAuthError`: what a server said of a refusal.

use std::fmt;

/// The error members of a token endpoint's answer (RFC 6749 section 5.2).
///
/// ```
/// # fn show(error: &auth_layer::Error) {
/// if let Some(oauth) = error.oauth() {
///     eprintln!("{}: {}", oauth.code(), oauth.description().unwrap_or("no description"));
/// }
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuthError {
    code: String,
    description: Option<String>,
    uri: Option<String>,
    is_standard: bool,
}

impl OAuthError {
    /// Takes over what a server said, shortened and without control characters.
    pub(crate) fn new(code: &str, description: Option<&str>, uri: Option<&str>, is_standard: bool) -> Self {
        Self {
            code: clean(code, CODE_LIMIT),
            description: description.map(|text| clean(text, MESSAGE_LIMIT)),
            uri: uri.map(|text| clean(text, TEXT_LIMIT)),
            is_standard,
        }
    }

    /// Whether the code came in `error`, where RFC 6749 section 5.2 has it: what lies between us and the server has
    /// codes of its own in other places.
    pub(crate) const fn is_standard(&self) -> bool {
        self.is_standard
    }

    /// The error code, such as `invalid_client`: the `error` (RFC 6749 section 5.2), or what some servers send in its
    /// place, such as `code`, `errorCode` or `status`.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The `error_description`, or what some servers send in its place, at most 200 characters of it (see
    /// [`Error::server_message`](crate::Error::server_message)).
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The `error_uri`, at most 256 characters of it.
    pub fn uri(&self) -> Option<&str> {
        self.uri.as_deref()
    }
}

impl fmt::Display for OAuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code)?;
        match &self.description {
            Some(description) => write!(f, ": {description}"),
            None => Ok(()),
        }
    }
}

/// A text of a server, as a message may show it.
pub(crate) fn shown(text: &str) -> String {
    clean(text, TEXT_LIMIT)
}

pub(super) fn clean(text: &str, limit: usize) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(limit).collect()
}

const CODE_LIMIT: usize = 64;
const TEXT_LIMIT: usize = 256;

/// Long enough for a sentence or two, short enough for one line of a log.
pub(super) const MESSAGE_LIMIT: usize = 200;
