//! `ProfileError`: the reason why a profile file cannot be used.

use std::error::Error as StdError;
use std::fmt;

use auth_layer::ConfigError;

/// The reason why a profile file, or a value for one of its inputs, cannot be used.
///
/// Its text names the place in the file, the problem and the remedy. It shows no value of the file except names, since
/// a file may hold a secret by mistake.
#[derive(Debug)]
pub struct ProfileError {
    place: String,
    problem: String,
}

impl ProfileError {
    pub(crate) fn new(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { place: place.into(), problem: problem.into() }
    }

    /// Makes an error from a syntax error of the file. The parser's text is about the grammar; the line itself, which
    /// may hold a secret, is left out.
    pub(crate) fn syntax(text: &str, error: &toml::de::Error) -> Self {
        let start = error.span().map_or(0, |span| span.start);
        let before = text.get(..start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let (line, column) = (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1);
        Self::new(format!("{line}:{column}"), error.message())
    }

    pub(crate) fn problem(&self) -> &str {
        &self.problem
    }

    /// Returns the place: a line and a column, or the key.
    pub fn place(&self) -> &str {
        &self.place
    }
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place.as_str() {
            "" => f.write_str(&self.problem),
            place => write!(f, "{place}: {}", self.problem),
        }
    }
}

impl StdError for ProfileError {}

impl From<ProfileError> for ConfigError {
    fn from(error: ProfileError) -> Self {
        Self::new(format!("profile file: {}", error.place), error.problem)
    }
}
