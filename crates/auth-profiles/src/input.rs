//! `Input`: a text of a profile that each customer has of its own.

use regex_lite::Regex;
use serde::Deserialize;

use crate::error::ProfileError;

/// A text of a profile that each customer has of its own, such as a tenant or a shop. `{<name>}` stands for it in the
/// texts of the profile: URLs, the issuer, origins and parameters.
///
/// ```
/// let entra = auth_profiles::named("entra").expect("a known provider");
/// let profile = entra.profile_with(|input| (input.name() == "tenant").then(|| "contoso.com".to_owned()))?;
/// assert!(profile.token_url().path().starts_with("/contoso.com/"));
/// # Ok::<(), auth_profiles::ProfileError>(())
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    #[serde(skip)]
    name: String,
    pattern: String,
    variable: String,
    example: String,
    default: Option<String>,
    meaning: String,
}

impl Input {
    /// Checks the input's own texts, and gives it its name.
    pub(crate) fn named(mut self, name: &str) -> Result<Self, ProfileError> {
        let place = |key: &str| format!("inputs.{name}.{key}");
        let is_name = |name: &str| {
            !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        };
        if !is_name(name) {
            let problem = "is not a valid name of an input; use lower-case letters, digits and `_`";
            return Err(ProfileError::new(format!("inputs.{}", name.escape_debug()), problem));
        }
        name.clone_into(&mut self.name);
        self.regex()?;
        for (key, value) in [("example", Some(&self.example)), ("default", self.default.as_ref())] {
            if let Some(value) = value {
                self.check(value).map_err(|error| ProfileError::new(place(key), error.problem()))?;
            }
        }
        Ok(self)
    }

    /// Returns an error if `value` is not one that the input takes.
    pub(crate) fn check(&self, value: &str) -> Result<(), ProfileError> {
        // These characters are the same in every part of a URL (RFC 3986 section 2.3). Any other could move the end of
        // the host.
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let problem = if value.is_empty() {
            "must not be empty".to_owned()
        } else if !value.bytes().all(is_plain) {
            "may have only letters, digits and `-._~`".to_owned()
        } else if !self.regex()?.is_match(value) {
            format!("does not match the pattern {}", self.pattern)
        } else {
            return Ok(());
        };
        Err(ProfileError::new(&self.variable, format!("{problem}; it is {}", self.meaning)))
    }

    /// Returns the error of an input without a value.
    pub(crate) fn missing(&self) -> ProfileError {
        ProfileError::new(&self.variable, format!("is not set; set it to {}", self.meaning))
    }

    /// The pattern must match the whole value.
    fn regex(&self) -> Result<Regex, ProfileError> {
        Regex::new(&format!("^(?:{})$", self.pattern)).map_err(|error| {
            ProfileError::new(
                format!("inputs.{}.pattern", self.name),
                format!("is not a valid pattern: {error}"),
            )
        })
    }

    /// Returns the name, as it is between the braces.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the name of the environment variable for it.
    pub fn variable(&self) -> &str {
        &self.variable
    }

    /// Returns a value with which the profile is valid. Tests and examples use it.
    pub fn example(&self) -> &str {
        &self.example
    }

    /// Returns the value that is used if none is given.
    pub fn default(&self) -> Option<&str> {
        self.default.as_deref()
    }

    /// Returns what the text is, for a person who has to give it.
    pub fn meaning(&self) -> &str {
        &self.meaning
    }
}
