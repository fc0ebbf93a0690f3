//! The faults there are.

use std::time::Duration;

use super::malformed::Malformed;
use super::schedule::Scheduled;

/// Something a site does wrong when told to.
///
/// A fault is played once, unless it is given a number of [`times`](Self::times) or is to last [`forever`](Self::forever).
///
/// # Examples
///
/// The next token request is answered with a 503, the two after it are hung up on:
///
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
    /// What cannot be sent is played as a plain 500: a code outside 200..=999, or a header field that is no header field.
    Status {
        /// The status code.
        code: u16,
        /// The body, sent as it is.
        body: String,
        /// Header fields; without a `content-type` among them the body goes out as JSON.
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
        /// The `Retry-After` header, in whole seconds; none is sent for `None`.
        retry_after: Option<Duration>,
    },
    /// Answers 503 in the provider's own shape.
    Unavailable,
    /// Answers with this status and an error that repeats what the request carried: its `Authorization` header, and at
    /// the auth host also its body. The text is in the members `message` and `error_description`.
    Echo {
        /// The status code; one that cannot be sent is played as a plain 500.
        code: u16,
    },
    /// Waits for this long in real time, then does what was asked.
    Delay(Duration),
    /// Never answers.
    Hang,
    /// Does what was asked, sends this much of the answer's body and breaks the connection.
    CutOff {
        /// How many bytes of the body are sent; 0 sends the head alone.
        after_bytes: usize,
    },
    /// Does what was asked and spoils the answer's body.
    Malformed(Malformed),
    /// Reads the request and closes the connection without a byte of answer.
    DropConnection,
    /// Does what was asked and closes the connection without a byte of answer: the answer is received by nobody.
    LoseAnswer,
}

impl Fault {
    /// Answers with this status and an empty JSON object.
    #[must_use]
    pub fn status(code: u16) -> Self {
        Self::Status { code, body: "{}".to_owned(), headers: Vec::new() }
    }

    /// Plays the fault for this many requests.
    #[must_use]
    pub fn times(self, count: u32) -> Scheduled {
        Scheduled::from(self).times(count)
    }

    /// Plays the fault until faults are cleared.
    #[must_use]
    pub fn forever(self) -> Scheduled {
        Scheduled::from(self).forever()
    }

    /// Plays the fault for calls of this operation only.
    #[must_use]
    pub fn on_operation(self, operation_id: &str) -> Scheduled {
        Scheduled::from(self).on_operation(operation_id)
    }
}
