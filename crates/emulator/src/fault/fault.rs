//! The faults.

use std::time::Duration;

use super::malformed::Malformed;

/// A fault that a test asks a site for.
///
/// A fault is played once, unless [`times`](Self::times) gives a number or [`forever`](Self::forever) removes the
/// limit.
///
/// # Examples
///
/// The next token request is answered with a 503. At the two requests after it the connection is closed without an
/// answer:
/// ```
/// # #[tokio::main] async fn main() -> std::io::Result<()> {
/// use emulator::{Emulator, Endpoint, Fault, Provider};
///
/// let emulator = Emulator::builder().start().await?;
/// let site = emulator.site(Provider::GbgGo);
/// site.inject(Endpoint::Token, Fault::Unavailable);
/// site.inject(Endpoint::Token, Fault::DropConnection.times(2));
/// assert_eq!(site.faults_left(Endpoint::Token), 3);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// Answers with this status, body and header fields.
    ///
    /// If the code is outside 200..=999 or a header field is invalid, the answer is a plain 500.
    Status {
        /// The status code.
        code: u16,
        /// The body, sent unchanged.
        body: String,
        /// The header fields. Without a `content-type` among them the body is sent as JSON.
        headers: Vec<(String, String)>,
    },
    /// Answers 401 in the provider's own shape, with a `WWW-Authenticate` header if there is a challenge.
    Unauthorized {
        /// The value of the header, for example `Bearer error="invalid_token"`.
        challenge: Option<String>,
    },
    /// Answers 403 with this body, as JSON.
    Forbidden(String),
    /// Answers 415 in the provider's own shape.
    UnsupportedMediaType,
    /// Answers 429 in the provider's own shape.
    RateLimited {
        /// The `Retry-After` header, in whole seconds. `None` sends no such header.
        retry_after: Option<Duration>,
    },
    /// Answers 503 in the provider's own shape.
    Unavailable,
    /// Answers with this status and an error that repeats the secrets of the request: its `Authorization` header, and
    /// at the auth host also its body. The text is in the members `message` and `error_description`.
    Echo {
        /// The status code. If it cannot be sent, the answer is a plain 500.
        code: u16,
    },
    /// Waits for this long in real time, then handles the request as usual.
    Delay(Duration),
    /// Never answers.
    Hang,
    /// Handles the request, sends this much of the answer's body and breaks the connection.
    CutOff {
        /// The number of bytes of the body that are sent. 0 sends only the head.
        after_bytes: usize,
    },
    /// Handles the request, then spoils the answer's body.
    Malformed(Malformed),
    /// Reads the request and closes the connection without a byte of an answer.
    DropConnection,
    /// Handles the request and closes the connection without a byte of an answer, so that the answer is lost.
    LoseAnswer,
}

impl Fault {
    /// Answers with this status and an empty JSON object.
    #[must_use]
    pub fn status(code: u16) -> Self {
        Self::Status { code, body: "{}".to_owned(), headers: Vec::new() }
    }
}
