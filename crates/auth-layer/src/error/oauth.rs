//! `OAuthError`: a server's explanation of a refusal.

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
    /// Makes it from the texts of a server, shortened and without control characters.
    pub(crate) fn new(code: &str, description: Option<&str>, uri: Option<&str>, is_standard: bool) -> Self {
        Self {
            code: clean(code, CODE_LIMIT),
            description: description.map(|text| clean(text, MESSAGE_LIMIT)),
            uri: uri.map(|text| clean(text, TEXT_LIMIT)),
            is_standard,
        }
    }

    /// Returns whether the code came in `error`, as RFC 6749 section 5.2 requires. A proxy or gateway between this
    /// client and the server puts codes of its own into other members.
    pub(crate) const fn is_standard(&self) -> bool {
        self.is_standard
    }

    /// Returns the error code, such as `invalid_client`. It is the `error` (RFC 6749 section 5.2), or the member that
    /// some servers send instead, such as `code`, `errorCode` or `status`. At most 64 characters of it are kept.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Returns the `error_description`, or the member that some servers send instead: at most 200 characters (see
    /// [`Error::server_message`](crate::Error::server_message)).
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// Returns the `error_uri`, at most 256 characters of it.
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

/// Returns a text of a server as a message may show it: at most 256 characters, without control characters.
pub(crate) fn shown(text: &str) -> String {
    clean(text, TEXT_LIMIT)
}

/// Replaces control characters, which could forge a line of a log, by spaces. A text that is longer than `limit`
/// characters is cut off, and ends in `…`, which counts as one of them.
pub(super) fn clean(text: &str, limit: usize) -> String {
    let mut cleaned: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(limit).collect();
    if text.chars().nth(limit).is_some() {
        cleaned.pop();
        cleaned.push('…');
    }
    cleaned
}

// No code in use is longer than half of this.
const CODE_LIMIT: usize = 64;

// Long enough for a URL or a list of scopes.
const TEXT_LIMIT: usize = 256;

// Long enough for a sentence or two, short enough for one line of a log.
pub(super) const MESSAGE_LIMIT: usize = 200;

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn only_a_text_that_is_cut_off_ends_in_an_ellipsis() {
        assert_eq!(clean("abc", 3), "abc");
        assert_eq!(clean("abcd", 3), "ab…");
        assert_eq!(clean("a\nb", 3), "a b");
    }
}
