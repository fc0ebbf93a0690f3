//! Errors in the configuration. They are returned when a value is built, never later.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use super::box_error::BoxError;

/// An error in the configuration, found while a value is built.
///
/// Its text says which setting is wrong, why, and what to do. It never holds a secret.
///
/// ```
/// use auth_layer::Profile;
///
/// let refused = Profile::new("example", "http://auth.example.com/token").unwrap_err();
/// assert_eq!(
///     refused.to_string(),
///     "token URL http://auth.example.com/token: must be https (plain http is for loopback only)",
/// );
/// ```
#[derive(Debug)]
pub struct ConfigError {
    what: Cow<'static, str>,
    problem: Cow<'static, str>,
    source: Option<BoxError>,
}

impl ConfigError {
    /// Makes an error about the setting `what`. `problem` says what is wrong with it and what to do.
    pub fn new(what: impl Into<Cow<'static, str>>, problem: impl Into<Cow<'static, str>>) -> Self {
        Self { what: what.into(), problem: problem.into(), source: None }
    }

    /// Sets the cause, which [`source`](StdError::source) returns.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(source.into());
        self
    }

    pub(crate) fn problem(&self) -> &str {
        &self.problem
    }

    /// Returns the wrong setting: its name, or the name of its environment variable.
    pub fn what(&self) -> &str {
        &self.what
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.problem)
    }
}

impl StdError for ConfigError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
