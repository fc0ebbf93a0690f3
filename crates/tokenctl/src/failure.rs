//! `Failure`: why a command failed, what to do about it, and the exit code.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use auth_layer::store::StoreError;
use auth_layer::{BoxError, ConfigError, Error, ErrorKind};

/// The reason why a command failed, with what to do about it.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    message: String,
    remedy: Option<String>,
    /// The provider that `doctor` is to examine; everything if it is empty. `None` if `doctor` cannot help.
    doctor: Option<String>,
}

/// The kind of a failure. Scripts branch on it, by the exit code.
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
    /// A sign-in was denied, took too long, or its answer cannot be trusted.
    Denied,
    /// The person pressed Ctrl-C.
    Interrupted,
    /// The reader of standard output has closed it.
    Unheard,
}

impl Kind {
    /// Returns the exit code. `--help` and the README have the same table. Code 2 is clap's, for wrong usage.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Failed | Self::Unheard => 1,
            Self::SignIn => 3,
            Self::Config => 4,
            Self::Store => 5,
            Self::Trouble => 6,
            Self::Denied => 7,
            // 128 and the number of SIGINT, as shells have it.
            Self::Interrupted => 130,
        }
    }
}

impl Failure {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), remedy: None, doctor: None }
    }

    pub(crate) fn config(message: impl Into<String>) -> Self {
        Self::new(Kind::Config, message)
    }

    /// Sets what to do about it. Each line is printed on a line of its own.
    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Adds a cause with its own causes to the message.
    pub(crate) fn because(self, cause: impl Into<BoxError>) -> Self {
        self.because_of(Some(&*cause.into()))
    }

    /// Does the same with a cause that belongs to another error.
    pub(crate) fn because_of(mut self, cause: Option<&(dyn StdError + 'static)>) -> Self {
        self.message = with_causes(self.message, cause);
        self
    }

    /// Says that `tokenctl doctor` may find the cause; `provider` may be empty.
    pub(crate) fn for_doctor(mut self, provider: &str) -> Self {
        self.doctor = Some(provider.to_owned());
        self
    }

    /// Names the provider that `doctor` is to examine, if `doctor` can help at all.
    pub(crate) fn about(self, provider: &str) -> Self {
        if self.doctor.is_some() { self.for_doctor(provider) } else { self }
    }

    pub(crate) const fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn advice(&self) -> Option<&str> {
        self.remedy.as_deref()
    }

    /// Returns what `doctor` is to be called with. `None` if `doctor` would find nothing.
    pub(crate) fn doctor(&self) -> Option<&str> {
        self.doctor.as_deref()
    }
}

impl fmt::Display for Failure {
    /// Writes the message with its causes, and no advice.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Adds the texts of an error and its causes to a message, separated by colons. A text that is already there is left
/// out: many errors repeat the text of their cause.
pub(crate) fn with_causes(message: impl Into<String>, error: Option<&(dyn StdError + 'static)>) -> String {
    let mut message = message.into();
    let mut next = error;
    while let Some(error) = next {
        let text = error.to_string();
        if !message.contains(&text) {
            message = format!("{message}: {text}");
        }
        // The `source` of an `io::Error` skips the error that it wraps.
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = wrapped.map(|wrapped| wrapped as _).or_else(|| error.source());
    }
    message
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::config(with_causes(error.to_string(), error.source()))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(Kind::Store, "the token store cannot be used").because(error).for_doctor("")
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let kind = kind(&error);
        let message = with_causes(error.to_string(), error.source());
        let remedy = match error.remedy() {
            // The error's own text has it.
            Some(remedy) if message.contains(remedy) => None,
            None if kind == Kind::Trouble => Some("try again later"),
            remedy => remedy,
        };
        let failure = Self { kind, remedy: remedy.map(str::to_owned), message, doctor: None };
        if is_for_doctor(&error, kind) { failure.for_doctor("") } else { failure }
    }
}

/// Returns whether `doctor` may find the cause: it looks at the network, the store and the origin of the secret. It
/// sends no secret, so it cannot tell whether the provider accepts the client.
fn is_for_doctor(error: &Error, kind: Kind) -> bool {
    matches!(kind, Kind::Store | Kind::Trouble)
        || matches!(error.kind(), ErrorKind::Secret | ErrorKind::Metadata)
}

fn kind(error: &Error) -> Kind {
    match error.kind() {
        ErrorKind::SignInAgain => Kind::SignIn,
        ErrorKind::SignInFailed => Kind::Denied,
        ErrorKind::Store => Kind::Store,
        ErrorKind::Secret | ErrorKind::TokenUrl => Kind::Config,
        // The errors of a sign-in are never transient, because its code cannot be sent twice. The trouble itself may
        // pass.
        ErrorKind::Transport | ErrorKind::Timeout => Kind::Trouble,
        ErrorKind::Refused if error.status().is_some_and(|status| status.is_server_error()) => Kind::Trouble,
        _ if error.is_transient() => Kind::Trouble,
        ErrorKind::Metadata => Kind::Config,
        ErrorKind::Refused if error.oauth().is_some_and(|oauth| is_of_the_client(oauth.code())) => {
            Kind::Config
        }
        _ => Kind::Failed,
    }
}

/// Returns whether a code is one of [`OF_THE_CLIENT`]. Some servers write the codes in upper case.
fn is_of_the_client(code: &str) -> bool {
    OF_THE_CLIENT.iter().any(|known| code.eq_ignore_ascii_case(known))
}

/// The error codes that say that the provider knows the client or the scope differently than the configuration (RFC
/// 6749 section 5.2).
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
    fn a_failure_shows_each_cause_once() {
        let cause = std::io::Error::other(std::io::Error::other("disk full"));
        let failure = Failure::new(Kind::Store, "the store failed").because(cause).remedy("make room");
        assert_eq!(failure.to_string(), "the store failed: disk full");
        assert_eq!(failure.advice(), Some("make room"));
    }
}
