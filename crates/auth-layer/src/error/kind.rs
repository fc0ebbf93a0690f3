//! `ErrorKind`: what kind of failure an error is.

use std::fmt;

/// The kind of a failure; [`Error::kind`](crate::Error::kind) returns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The token endpoint could not be reached, or the connection broke before the whole answer arrived.
    Transport,
    /// The token endpoint did not answer within its deadline.
    Timeout,
    /// The token endpoint answered with an error. [`Error::status`](crate::Error::status) and
    /// [`Error::oauth`](crate::Error::oauth) say which.
    Refused,
    /// The token endpoint's answer is not a usable token answer (RFC 6749 section 5.1).
    InvalidAnswer,
    /// The token has a type that this layer cannot use (RFC 6749 section 7.1).
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
    /// The stored sign-in came from a token URL that is neither the profile's own nor one that the provider [moved
    /// from](crate::Profile::with_moved_from). Nothing was sent, and the record is unchanged.
    TokenUrl,
    /// A person's sign-in failed: it was denied, it took too long, or its answer cannot be trusted.
    SignInFailed,
    /// The issuer's metadata could not be fetched or cannot be used.
    Metadata,
    /// The token store failed.
    Store,
    /// The token source panicked.
    Panicked,
    /// The call was made outside of a tokio runtime, or on a runtime without timers or without I/O. Nothing was sent.
    /// The message says which; a runtime built with `enable_all()` has both.
    ///
    /// Only token requests return this error. A retry layer or a leaf that finds no timer panics with tokio's own
    /// message.
    Runtime,
    /// The exchange was cut off: the runtime that drove it shut down, or its identity was removed from the pool.
    Interrupted,
    /// The request needs a credential that is not available:
    ///
    /// - the manager keeps another kind of credential;
    /// - the pool does not know the identity, or there is no pool;
    /// - the sign-in to end belongs to another client;
    /// - the origin is not known, because the request's target is relative.
    Credential,
    /// The pool has reached its limit of identities, and all of them are in use.
    PoolFull,
    /// The client's secret, or a secret that the grant trades, could not be read. Nothing was sent.
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
