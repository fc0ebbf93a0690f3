//! Under which names a token answer's members come.

use std::time::Duration;

type Names = &'static [&'static str];

/// The names under which the members of a token answer may come; the first that is there counts.
///
/// ```
/// use auth_layer::AnswerNames;
///
/// // Octotable says `type` where RFC 6749 says `token_type`.
/// let names = AnswerNames::new().with_token_type(&["type", "token_type"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AnswerNames {
    pub(crate) access_token: Names,
    pub(crate) token_type: Names,
    pub(crate) expires_in: Names,
    pub(crate) expires_at: Names,
    pub(crate) refresh_token: Names,
    pub(crate) scope: Names,
    pub(crate) account: Names,
}

impl AnswerNames {
    /// The names of RFC 6749 section 5.1.
    pub const fn new() -> Self {
        Self {
            access_token: &["access_token"],
            token_type: &["token_type"],
            expires_in: &["expires_in"],
            expires_at: &[],
            refresh_token: &["refresh_token"],
            scope: &["scope"],
            account: &[],
        }
    }

    /// Names of the access token.
    #[must_use]
    pub const fn with_access_token(mut self, names: &'static [&'static str]) -> Self {
        self.access_token = names;
        self
    }

    /// Names of the token's type.
    #[must_use]
    pub const fn with_token_type(mut self, names: &'static [&'static str]) -> Self {
        self.token_type = names;
        self
    }

    /// Names of the lifetime, in the profile's unit.
    #[must_use]
    pub const fn with_expires_in(mut self, names: &'static [&'static str]) -> Self {
        self.expires_in = names;
        self
    }

    /// Names of an absolute expiry in Unix seconds. It counts only where no lifetime is given, since it
    /// needs two clocks that agree.
    #[must_use]
    pub const fn with_expires_at(mut self, names: &'static [&'static str]) -> Self {
        self.expires_at = names;
        self
    }

    /// Names of the refresh token.
    #[must_use]
    pub const fn with_refresh_token(mut self, names: &'static [&'static str]) -> Self {
        self.refresh_token = names;
        self
    }

    /// Names of the account that the token stands for. RFC 6749 knows none.
    #[must_use]
    pub const fn with_account(mut self, names: &'static [&'static str]) -> Self {
        self.account = names;
        self
    }
}

impl Default for AnswerNames {
    fn default() -> Self {
        Self::new()
    }
}

/// The unit of a lifetime.
///
/// ```
/// use auth_layer::LifetimeUnit;
/// use std::time::Duration;
///
/// assert_eq!(LifetimeUnit::Minutes.of(1440), Duration::from_secs(86_400));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LifetimeUnit {
    /// Seconds, as RFC 6749 section 5.1 has it.
    #[default]
    Seconds,
    /// Minutes.
    Minutes,
}

impl LifetimeUnit {
    /// So many of this unit; saturates.
    pub const fn of(self, count: u64) -> Duration {
        match self {
            Self::Seconds => Duration::from_secs(count),
            Self::Minutes => Duration::from_secs(count.saturating_mul(60)),
        }
    }
}
