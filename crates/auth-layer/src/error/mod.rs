//! The errors of a call: one type with a kind, a cause, and whether it may pass. Errors in the configuration have a
//! type of their own.

mod advice;
mod box_error;
mod config_error;
mod connection;
mod kind;
mod oauth;
mod token_error;

pub(crate) use connection::{chain, ended_unanswered, never_connected, was_refused};
pub(crate) use oauth::shown;

pub use box_error::BoxError;
pub use config_error::ConfigError;
pub use kind::ErrorKind;
pub use oauth::OAuthError;
pub use token_error::{Error, QuotedError};
