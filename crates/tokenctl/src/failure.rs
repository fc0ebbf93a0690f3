//! How a command can fail, and the exit code that says so.

use std::error::Error as StdError;
use std::fmt;

use auth_layer::{BoxError, ConfigError, Error, ErrorKind, StoreError};

/// Why a command did not do what it was asked, with what to do about it.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    message: String,
    remedy: Option<String>,
    source: Option<BoxError>,
}

/// What kind of failure it is: scripts branch on it, by the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// None of the others.
    Failed,
    /// A person has to sign in.
    SignIn,
    /// The configuration is wrong, or the provider does not accept the client.
    Config,
    /// The store cannot be read or written.
    Store,
    /// The network or the provider is in trouble; it may pass.
    Trouble,
    /// A sign-in was denied, took too long, or its answer is not to be trusted.
    Denied,
    /// The person pressed Ctrl-C.
    Interrupted,
    /// Nobody reads our output any more.
    Unheard,
}

impl Kind {
    /// The exit code. `--help` and the README have this table as well; 2 is clap's, for wrong use.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Failed | Self::Unheard => 1,
            Self::SignIn => 3,
            Self::Config => 4,
            Self::Store => 5,
            Self::Trouble => 6,
            Self::Denied => 7,
            Self::Interrupted => 130,
        }
    }
}

impl Failure {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), remedy: None, source: None }
    }

    pub(crate) fn config(message: impl Into<String>) -> Self {
        Self::new(Kind::Config, message)
    }

    /// Says what to do about it.
    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    pub(crate) fn because(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(source.into());
        self
    }

    pub(crate) const fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn advice(&self) -> Option<&str> {
        self.remedy.as_deref()
    }
}

impl fmt::Display for Failure {
    /// The message with its causes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        let mut cause = self.source.as_deref().map(|source| source as &dyn StdError);
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::config(error.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(Kind::Store, "the store failed")
            .because(error)
            .remedy("`tokenctl doctor` looks into the store")
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let kind = kind(&error);
        let remedy = match kind {
            // It has a remedy of its own, which is about the sign-in and not about the client.
            _ if error.kind() == ErrorKind::TokenUrl => None,
            Kind::Config => {
                Some("check the client's id and secret: `tokenctl doctor` says where they come from")
            }
            Kind::Store => Some("`tokenctl doctor` looks into the store"),
            Kind::Trouble => Some("try again later; `tokenctl doctor` looks for what stands in the way"),
            _ => None,
        };
        Self {
            kind,
            message: error.to_string(),
            remedy: remedy.map(str::to_owned),
            source: error.source().map(|cause| cause.to_string().into()),
        }
    }
}

fn kind(error: &Error) -> Kind {
    match error.kind() {
        ErrorKind::SignInAgain => Kind::SignIn,
        ErrorKind::SignInFailed => Kind::Denied,
        ErrorKind::Store => Kind::Store,
        ErrorKind::Secret | ErrorKind::TokenUrl => Kind::Config,
        // A code is used up by asking, so that a sign-in is never transient; the trouble is.
        ErrorKind::Transport | ErrorKind::Timeout => Kind::Trouble,
        ErrorKind::Refused if error.status().is_some_and(|status| status.is_server_error()) => Kind::Trouble,
        _ if error.is_transient() => Kind::Trouble,
        ErrorKind::Metadata => Kind::Config,
        // The provider knows the client, or the scope, not as the configuration has it (RFC 6749 section 5.2).
        ErrorKind::Refused if error.oauth().is_some_and(|oauth| OF_THE_CLIENT.contains(&oauth.code())) => {
            Kind::Config
        }
        _ => Kind::Failed,
    }
}

const OF_THE_CLIENT: [&str; 4] =
    ["invalid_client", "unauthorized_client", "invalid_scope", "unsupported_grant_type"];

#[cfg(test)]
mod tests {
    use super::{Failure, Kind};

    #[test]
    fn each_kind_that_scripts_branch_on_has_a_code_of_its_own() {
        let kinds = [
            Kind::Failed,
            Kind::SignIn,
            Kind::Config,
            Kind::Store,
            Kind::Trouble,
            Kind::Denied,
            Kind::Interrupted,
        ];
        let mut codes: Vec<u8> = kinds.into_iter().map(Kind::code).collect();
        codes.dedup();
        assert_eq!(codes, [1, 3, 4, 5, 6, 7, 130]);
    }

    #[test]
    fn a_failure_is_told_with_its_causes() {
        let cause = std::io::Error::other("disk full");
        let failure = Failure::new(Kind::Store, "the store failed").because(cause).remedy("make room");
        assert_eq!(failure.to_string(), "the store failed: disk full");
        assert_eq!(failure.advice(), Some("make room"));
    }
}
