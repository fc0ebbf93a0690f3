//! Mistakes of configuration: they appear when something is built, never later.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use crate::error::BoxError;

/// A mistake in the configuration, found while building.
///
/// Its text names what is wrong and what to do. It never holds a secret.
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
    /// Makes an error about `what`, telling the `problem` and the remedy.
    pub fn new(what: impl Into<Cow<'static, str>>, problem: impl Into<Cow<'static, str>>) -> Self {
        Self { what: what.into(), problem: problem.into(), source: None }
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(source.into());
        self
    }

    pub(crate) fn problem(&self) -> &str {
        &self.problem
    }

    /// What is configured wrongly: a setting or a variable's name.
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
