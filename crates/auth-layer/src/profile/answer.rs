//! The names of the members in a token answer, and the formats of their values.

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::pointer::Pointer;
use crate::error::ConfigError;

/// The names of one member, in the order of the search.
pub(crate) type Names = Vec<Cow<'static, str>>;

/// Makes a list of names.
pub(super) fn names_of<N: Into<Cow<'static, str>>>(names: impl IntoIterator<Item = N>) -> Names {
    names.into_iter().map(Into::into).collect()
}

/// The names that the members of a token answer may have. The first name that the answer has is used.
///
/// A name with a slash in front is a JSON Pointer (RFC 6901) to a nested member, such as `/data/access_token`.
///
/// ```
/// use auth_layer::profile::AnswerNames;
///
/// // A provider that says `type` where RFC 6749 says `token_type`.
/// let names = AnswerNames::new().with_token_type(["type", "token_type"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AnswerNames {
    pub(crate) access_token: Names,
    pub(crate) token_type: Names,
    pub(crate) expires_in: Names,
    pub(crate) expires_at: Names,
    pub(crate) refresh_token: Names,
    pub(crate) refresh_token_expires_in: Names,
    pub(crate) scope: Names,
    pub(crate) account: Names,
}

impl AnswerNames {
    /// Returns the names of RFC 6749 section 5.1.
    pub fn new() -> Self {
        Self {
            access_token: names_of(["access_token"]),
            token_type: names_of(["token_type"]),
            expires_in: names_of(["expires_in"]),
            // The RFC has no absolute expiry.
            expires_at: Names::new(),
            refresh_token: names_of(["refresh_token"]),
            // The RFC has no lifetime of a refresh token. Many servers send this one.
            refresh_token_expires_in: names_of(["refresh_token_expires_in"]),
            scope: names_of(["scope"]),
            // The RFC has no account.
            account: Names::new(),
        }
    }

    /// Sets the names of the access token.
    #[must_use]
    pub fn with_access_token<N: Into<Cow<'static, str>>>(
        mut self,
        names: impl IntoIterator<Item = N>,
    ) -> Self {
        self.access_token = names_of(names);
        self
    }

    /// Sets the names of the token's type.
    #[must_use]
    pub fn with_token_type<N: Into<Cow<'static, str>>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.token_type = names_of(names);
        self
    }

    /// Sets the names of the lifetime, which is in the profile's unit.
    #[must_use]
    pub fn with_expires_in<N: Into<Cow<'static, str>>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.expires_in = names_of(names);
        self
    }

    /// Sets the names of an absolute expiry, which is in the profile's [`ExpiryFormat`].
    ///
    /// The expiry is used only if the answer has no lifetime, since it depends on the clocks of both sides.
    #[must_use]
    pub fn with_expires_at<N: Into<Cow<'static, str>>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.expires_at = names_of(names);
        self
    }

    /// Sets the names of the refresh token.
    #[must_use]
    pub fn with_refresh_token<N: Into<Cow<'static, str>>>(
        mut self,
        names: impl IntoIterator<Item = N>,
    ) -> Self {
        self.refresh_token = names_of(names);
        self
    }

    /// Sets the names of the refresh token's lifetime, which is in the profile's unit. RFC 6749 has no such member. The
    /// default name is `refresh_token_expires_in`.
    #[must_use]
    pub fn with_refresh_token_expires_in<N: Into<Cow<'static, str>>>(
        mut self,
        names: impl IntoIterator<Item = N>,
    ) -> Self {
        self.refresh_token_expires_in = names_of(names);
        self
    }

    /// Sets the names of the granted scope.
    #[must_use]
    pub fn with_scope<N: Into<Cow<'static, str>>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.scope = names_of(names);
        self
    }

    /// Sets the names of the account that the token belongs to. RFC 6749 has no such member.
    #[must_use]
    pub fn with_account<N: Into<Cow<'static, str>>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.account = names_of(names);
        self
    }

    /// Returns an error if no token could ever be read with these names.
    pub(super) fn check(&self, default_token_type: Option<&str>) -> Result<(), ConfigError> {
        let needed = |needs: bool| if needs { Need::Required } else { Need::Optional };
        check("answer name", "access_token", &self.access_token, Need::Required)?;
        check("answer name", "token_type", &self.token_type, needed(default_token_type.is_none()))?;
        let others = [
            ("expires_in", &self.expires_in),
            ("expires_at", &self.expires_at),
            ("refresh_token", &self.refresh_token),
            ("refresh_token_expires_in", &self.refresh_token_expires_in),
            ("scope", &self.scope),
            ("account", &self.account),
        ];
        others.into_iter().try_for_each(|(member, names)| check("answer name", member, names, Need::Optional))
    }
}

/// The kind of a member: a required one needs at least one name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    Required,
    Optional,
}

/// Checks the names of one member of an answer.
pub(super) fn check(table: &str, member: &str, names: &Names, need: Need) -> Result<(), ConfigError> {
    let refuse = |problem: &'static str| Err(ConfigError::new(format!("{table} of {member}"), problem));
    if names.is_empty() && need == Need::Required {
        return refuse("must have at least one name");
    }
    if names.iter().any(|name| name.is_empty()) {
        return refuse("must not have an empty name; remove the empty string");
    }
    // A name with a slash in front is a JSON Pointer.
    let pointers = names.iter().filter(|name| name.starts_with('/'));
    pointers.into_iter().try_for_each(|name| Pointer::new(&format!("{table} of {member}"), name).map(drop))
}

impl Default for AnswerNames {
    fn default() -> Self {
        Self::new()
    }
}

/// The unit of a lifetime.
///
/// ```
/// use auth_layer::profile::LifetimeUnit;
/// use std::time::Duration;
///
/// assert_eq!(LifetimeUnit::Minutes.of(1440), Duration::from_secs(86_400));
/// ```
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LifetimeUnit {
    /// Seconds (RFC 6749 section 5.1).
    #[default]
    Seconds,
    /// Minutes.
    Minutes,
    /// Milliseconds.
    Milliseconds,
}

impl LifetimeUnit {
    /// Returns the duration of `count` units. It saturates.
    pub const fn of(self, count: u64) -> Duration {
        match self {
            // A count from a server may be huge. It must not wrap to a short duration.
            Self::Seconds => Duration::from_secs(count),
            Self::Minutes => Duration::from_secs(count.saturating_mul(60)),
            Self::Milliseconds => Duration::from_millis(count),
        }
    }

    /// Returns the duration of a count with a fraction. `None` if the count is negative, not a number or too large for
    /// a [`Duration`].
    pub(crate) fn of_fraction(self, count: f64) -> Option<Duration> {
        let seconds = match self {
            Self::Seconds => count,
            Self::Minutes => count * 60.0,
            Self::Milliseconds => count / 1_000.0,
        };
        Duration::try_from_secs_f64(seconds).ok()
    }
}

/// The format of an absolute expiry (see [`AnswerNames::with_expires_at`]).
///
/// ```
/// use auth_layer::profile::{AnswerNames, ExpiryFormat};
/// use auth_layer::Profile;
///
/// // An answer such as {"accessToken":"t","expiresAt":"2026-11-27T10:00:00Z"}.
/// let names = AnswerNames::new().with_access_token(["accessToken"]).with_expires_at(["expiresAt"]);
/// let profile = Profile::new("example", "https://auth.example.com/token")?
///     .with_names(names)
///     .with_default_token_type("Bearer")
///     .with_expiry_format(ExpiryFormat::Date);
/// # Ok::<(), auth_layer::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ExpiryFormat {
    /// Seconds since the Unix epoch, as a number or as a string of digits.
    #[default]
    UnixSeconds,
    /// Milliseconds since the Unix epoch, as a number or as a string of digits.
    UnixMilliseconds,
    /// A date and time in ISO 8601 (RFC 3339), or an HTTP date (RFC 9110 section 5.6.7).
    ///
    /// - The offset is `Z`, `+02:00` or `+0200`. A time without an offset is in UTC.
    /// - The separator is `T` or a space. Seconds may have a fraction.
    Date,
}

/// The character that separates scope tokens.
///
/// ```
/// use auth_layer::Profile;
/// use auth_layer::profile::ScopeSeparator;
///
/// // A server that answers with "scope":"repo,gist", and takes "scope=repo gist".
/// let profile = Profile::new("example", "https://auth.example.com/token")?
///     .with_answer_scope_separator(ScopeSeparator::Comma);
/// # Ok::<(), auth_layer::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ScopeSeparator {
    /// White space (RFC 6749 section 3.3).
    #[default]
    Space,
    /// A comma. In an answer, white space separates scope tokens as well.
    Comma,
}
