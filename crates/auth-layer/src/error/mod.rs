//! The errors of a token request: one type with a kind, a cause, and whether it may pass.

mod advice;
mod connection;
mod kind;
mod oauth;
mod token_error;

pub(crate) use connection::{chain, ended_unanswered, never_connected, was_refused};
pub(crate) use oauth::shown;

pub use kind::ErrorKind;
pub use oauth::OAuthError;
pub use token_error::{BoxError, Error, QuotedError};
