//! The result of a step of a sign-in for the browser.

use std::fmt;

use axum::http::StatusCode;

/// The auth host showed an error page and did not send the browser back to the client.
///
/// ```
/// # #[tokio::main] async fn main() -> std::io::Result<()> {
/// use emulator::{Emulator, Provider};
///
/// let emulator = Emulator::builder().start().await?;
/// let site = emulator.site(Provider::GoTo);
/// let url = format!("{}?response_type=code&client_id=nobody", site.authorize_url().unwrap_or_default());
/// let page = site.approve(&url).unwrap_err();
/// assert_eq!(page.status(), 400);
/// assert!(page.to_string().contains("not known"));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorPage {
    status: StatusCode,
    message: String,
}

impl ErrorPage {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message: message.into() }
    }

    pub(super) fn not_found() -> Self {
        Self::new("there is nothing at this path").with_status(StatusCode::NOT_FOUND)
    }

    pub(super) fn method() -> Self {
        Self::new("this method is not offered here").with_status(StatusCode::METHOD_NOT_ALLOWED)
    }

    pub(super) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// Returns the status of the page.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    pub(super) fn status_code(&self) -> StatusCode {
        self.status
    }
}

/// Writes the text of the page.
impl fmt::Display for ErrorPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ErrorPage {}

/// The place of the browser after a step.
pub(super) enum Ending {
    /// A page with a question or a message for the person.
    Page(String),
    /// The same page again, with a message about the problem.
    Again(String),
    /// The URL of the client.
    Callback(String),
}

/// The reason why a step is refused.
pub(super) enum Objection {
    /// The redirect URL cannot be trusted, so only the person sees the error.
    Page(ErrorPage),
    /// The client gets the error in its redirect URL (RFC 6749 section 4.1.2.1).
    Callback(String),
}

impl From<ErrorPage> for Objection {
    fn from(page: ErrorPage) -> Self {
        Self::Page(page)
    }
}
