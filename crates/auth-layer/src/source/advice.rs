//! `Advice`: what to do if the server refuses the client itself.

use http::StatusCode;

use crate::error::{Error, ErrorKind};

/// The application's text about what to do if the server refuses the client itself. `None` if it gave none.
#[derive(Debug, Default)]
pub(super) struct Advice(pub(super) Option<String>);

impl Advice {
    /// Adds the advice to an error that is about the client.
    pub(super) fn add_to(&self, error: Error) -> Error {
        match &self.0 {
            Some(advice) if is_of_the_client(&error) => error.with_remedy(Some(advice.clone())),
            _ => error,
        }
    }
}

/// Returns whether the server does not know the client or its secret.
///
/// A 401 without an error code counts as well: RFC 6749 section 5.2 uses that status for nothing else. A transient
/// error does not count.
fn is_of_the_client(error: &Error) -> bool {
    let code = error.oauth().map(|oauth| oauth.code().to_ascii_lowercase());
    let is_named = matches!(code.as_deref(), Some("invalid_client" | "unauthorized_client"))
        || error.status() == Some(StatusCode::UNAUTHORIZED);
    error.kind() == ErrorKind::Refused && !error.is_transient() && is_named
}
