//! Resources: the APIs that a token is requested for.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::error::ConfigError;
use crate::url::shown;

/// A resource that a token is requested for: an absolute URI without a fragment (RFC 8707 section 2). Cheap to clone.
///
/// ```
/// use auth_layer::token::Resource;
///
/// let resource: Resource = "https://api.example.com/orders".parse()?;
/// assert_eq!(resource.as_str(), "https://api.example.com/orders");
/// assert!("/orders".parse::<Resource>().is_err());
/// assert!("https://api.example.com/#orders".parse::<Resource>().is_err());
/// # Ok::<(), auth_layer::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Resource(Arc<str>);

impl Resource {
    /// Returns the URI as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Resource {
    type Err = ConfigError;

    /// Parses an absolute URI.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if `text` has no scheme, has a fragment, names a user, or has a character that is not
    /// allowed in a URI.
    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let refuse = |problem: &'static str| {
            Err(ConfigError::new(format!("resource {}", shown(text).escape_default()), problem))
        };
        let scheme = text.split(':').next().unwrap_or_default();
        let begins_well = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
        let is_scheme = scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
        if scheme.len() == text.len() || !begins_well || !is_scheme {
            return refuse(
                "is not an absolute URI; begin with a scheme such as https:// (RFC 8707 section 2)",
            );
        }
        if text.contains('#') {
            return refuse("has a fragment; remove the part from `#` on (RFC 8707 section 2)");
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return refuse("has a character that is not allowed in a URI; percent-encode it");
        }
        // A resource is sent to the token endpoint as it is. A password in it would be sent along.
        let authority = text.split_once("://").and_then(|(_, rest)| rest.split(['/', '?']).next());
        if authority.is_some_and(|authority| authority.contains('@')) {
            return refuse("names a user; remove the part up to the `@`");
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
