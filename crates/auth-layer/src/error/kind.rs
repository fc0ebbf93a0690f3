//! `ErrorKind`: what kind of failure an error is.

use std::fmt;

/// The kind of a failure; [`Error::kind`](crate::Error::kind) returns it.
///
/// ```
/// use auth_layer::ErrorKind;
///
/// assert_eq!(ErrorKind::Timeout.to_string(), "the token endpoint did not answer in time");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The token endpoint could not be reached, or the connection broke before the answer was whole.
    Transport,
    /// The token endpoint did not answer within its deadline.
    Timeout,
    /// The token endpoint answered with an error; [`Error::status`](crate::Error::status) and [`Error::oauth`](crate::Error::oauth) say which.
    Refused,
    /// The token endpoint's answer is no usable token answer (RFC 6749 section 5.1).
    InvalidAnswer,
    /// The token is of a type this layer cannot use (RFC 6749 section 7.1).
    TokenType,
    /// The token lacks a scope that was required.
    Scope,
    /// A person has to sign in. The error says why:
    ///
    /// - The server says that the grant has ended.
    /// - The answer to a refresh was lost, and the refresh token must not be sent twice
    ///   ([`ReplayRule`](crate::ReplayRule)).
    /// - There has been no sign-in yet.
    SignInAgain,
    /// The stored sign-in came from another token URL than the profile's own, and the profile does not say that the
    /// provider [moved from](crate::Profile::with_moved_from) there. Nothing was sent, and the record is unchanged.
    TokenUrl,
    /// A person's sign-in did not come to a token: it was denied, took too long, or its answer is not to be trusted.
    SignInFailed,
    /// What the issuer says of itself could not be had, or is not to be used.
    Metadata,
    /// The token store failed.
    Store,
    /// The token source panicked.
    Panicked,
    /// The call was made outside of a tokio runtime, or on one that was built without timers or without I/O. Nothing was
    /// sent. The message says which; a runtime built with `enable_all()` has both. This error is for token requests. A retry
    /// layer or a leaf that finds no timer panics with tokio's own message.
    Runtime,
    /// The exchange was cut off: the runtime that drove it shut down, or its identity was removed from the pool.
    Interrupted,
    /// The request needs a credential that was not given:
    ///
    /// - one of another kind than the manager keeps;
    /// - one of an identity that the pool does not know, or where there is no pool;
    /// - one of another client than the one that is to sign out;
    /// - one of an origin that is not known, because the request's target is relative.
    Credential,
    /// The pool keeps as many identities as it may, and all of them are in use.
    PoolFull,
    /// A secret could not be read, the client's or one that the grant trades; nothing was sent.
    Secret,
    /// A token source of the application failed.
    Source,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Transport => "the token endpoint could not be reached",
            Self::Timeout => "the token endpoint did not answer in time",
            Self::Refused => "the token endpoint refused the request",
            Self::InvalidAnswer => "the token endpoint's answer cannot be used",
            Self::TokenType => "the token is of a type that cannot be used",
            Self::Scope => "the token lacks a required scope",
            Self::SignInAgain => "a person has to sign in",
            Self::TokenUrl => "the stored sign-in is from another token URL",
            Self::SignInFailed => "the sign-in did not come to a token",
            Self::Metadata => "the issuer's metadata could not be had, or is not to be used",
            Self::Store => "the token store failed",
            Self::Panicked => "the token source panicked",
            Self::Runtime => "the runtime lacks timers or I/O, or there is no runtime",
            Self::Interrupted => "the exchange was cut off",
            Self::Credential => "the request needs a credential that was not given",
            Self::PoolFull => "the pool is full, and its identities are in use",
            Self::Secret => "a secret could not be read",
            Self::Source => "the token source failed",
        })
    }
}
