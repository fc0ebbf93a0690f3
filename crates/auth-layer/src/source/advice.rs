//! `Advice`: what to do where the server refuses the client itself.

use http::StatusCode;

use crate::error::{Error, ErrorKind};

/// What to do where the server refuses the client itself, if it was told.
#[derive(Debug, Default)]
pub(super) struct Advice(pub(super) Option<String>);

impl Advice {
    /// Adds the advice to an error that it is for.
    pub(super) fn add_to(&self, error: Error) -> Error {
        match &self.0 {
            Some(advice) if is_of_the_client(&error) => error.with_remedy(Some(advice.clone())),
            _ => error,
        }
    }
}

/// Whether the server knows no such client, or not this secret. RFC 6749 section 5.2 has 401 for that alone, and some
/// servers send it without the code. A server in trouble is not believed.
fn is_of_the_client(error: &Error) -> bool {
    let code = error.oauth().map(|oauth| oauth.code().to_ascii_lowercase());
    let is_told = matches!(code.as_deref(), Some("invalid_client" | "unauthorized_client"))
        || error.status() == Some(StatusCode::UNAUTHORIZED);
    error.kind() == ErrorKind::Refused && !error.is_transient() && is_told
}
