//! The errors on the way to a token: one type with a kind, a transience and a cause.

mod connection;
mod kind;
mod oauth;
mod token_error;

pub(crate) use connection::{ended_unanswered, never_connected, was_refused};
pub(crate) use oauth::shown;

pub use kind::ErrorKind;
pub use oauth::OAuthError;
pub use token_error::{BoxError, Error, QuotedError};
