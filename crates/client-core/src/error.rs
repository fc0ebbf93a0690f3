//! `Error`: why a call of a generated client failed.

use std::error::Error as StdError;
use std::fmt;

use auth_layer::BoxError;
use bytes::Bytes;
use http::header::InvalidHeaderValue;
use http::{HeaderMap, StatusCode};

use crate::collect::TooLarge;
use crate::{Denial, InvalidRequest, Response, ResponseValue};

/// The reason why a call failed; `E` is the type of the API's documented errors.
///
/// Each variant with a response keeps its status and headers: see [`status`](Self::status) and
/// [`headers`](Self::headers). For an error response, `Display` and `Debug` show the API's [`code`](Self::code), its
/// [`message`](Self::message) and the [id of the request](Self::request_id). They show nothing else of a body or of
/// headers, which may hold secrets. [`ApiError`](crate::ApiError) is the same error without `E`.
///
/// ```
/// use client_core::Error;
///
/// fn explain<E>(error: &Error<E>) -> &'static str {
///     match error {
///         Error::Auth(error) if error.kind() == auth_layer::ErrorKind::SignInAgain => "sign in again",
///         Error::ErrorResponse(_) => "the API refused the call",
///         _ if error.is_transient() => "try again later",
///         _ => "broken",
///     }
/// }
/// # assert_eq!(explain(&Error::<()>::from(client_core::BoxError::from("reset"))), "try again later");
/// ```
#[non_exhaustive]
pub enum Error<E = ()> {
    /// The request could not be built from its parameters. Nothing was sent.
    InvalidRequest(String),
    /// The client could not get a token, or could not put one on the request.
    Auth(auth_layer::Error),
    /// The request could not be sent, or no response was received.
    Transport(BoxError),
    /// The API answered with an error that its document describes.
    ErrorResponse(ResponseValue<E>),
    /// The API answered with a status that its document does not list. At most 1 MiB of the body is kept.
    UnexpectedResponse(ResponseValue<Bytes>),
    /// The body of the response does not match the document.
    #[non_exhaustive]
    InvalidResponsePayload {
        /// The response with its body.
        response: ResponseValue<Bytes>,
        /// The reason, and the place in the body.
        source: BoxError,
    },
    /// The body of the response could not be read to its end, or is larger than the limit (64 MiB for 2xx, else 1 MiB).
    #[non_exhaustive]
    ResponseBody {
        /// The response with the part of its body that was read.
        response: ResponseValue<Bytes>,
        /// Why no more was read.
        source: BoxError,
    },
}

impl<E> Error<E> {
    /// Returns the error for a response whose status the document does not list, and keeps the response.
    pub async fn unexpected(response: Response) -> Self {
        let (head, collected) = ResponseValue::<()>::collected(response).await;
        Self::UnexpectedResponse(head.map(|()| collected.bytes))
    }

    /// Returns the status, if there was a response.
    pub fn status(&self) -> Option<StatusCode> {
        self.head().map(|head| head.status)
    }

    /// Returns the headers, if there was a response.
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.head().map(|head| head.headers)
    }

    /// Returns the API's error code, such as `RESOURCE_NOT_FOUND`, cut to 64 characters.
    ///
    /// The client looks for the code in every JSON body of a non-2xx response, even if the document does not describe
    /// that body. It looks at the top level, in `error` and in the first entry of `errors`, under every name that the
    /// providers use for a code.
    pub fn code(&self) -> Option<&str> {
        self.head()?.code
    }

    /// Returns the API's error message in the API's language, as one line, cut to 200 characters. The client finds it
    /// in the same places as the [`code`](Self::code). An HTML page has no message.
    ///
    /// Possible secrets are replaced by `[redacted]`:
    ///
    /// - the credential that the request carried, if the client was made by a [`Builder`](crate::Builder),
    /// - the word after `Bearer` or `Basic`, and the value assigned to a name such as `access_token`,
    /// - long words of digits and letters, which look like tokens.
    pub fn message(&self) -> Option<&str> {
        self.head()?.message
    }

    /// Returns the id by which the API's support can find the request: at most 128 visible ASCII characters. It comes
    /// from `x-request-id` or a similar header, or else from the body of the error response.
    pub fn request_id(&self) -> Option<&str> {
        self.head()?.request_id
    }

    /// Returns whether the same call may succeed later without any change.
    ///
    /// True for:
    ///
    /// - the statuses 408, 425, 429, 502, 503 and 504, whatever the body is,
    /// - failures of the transport (the cause is in [`source`](StdError::source)),
    /// - [`Auth`](Self::Auth), if the error inside is transient.
    ///
    /// It does not mean that the request can be sent twice without harm.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::InvalidRequest(_) => false,
            Self::Auth(error) => error.is_transient(),
            Self::Transport(_) => true,
            // The next body would be too large as well.
            Self::ResponseBody { source, .. } => !source.is::<TooLarge>(),
            Self::ErrorResponse(_) | Self::UnexpectedResponse(_) | Self::InvalidResponsePayload { .. } => {
                self.status().is_some_and(|status| TRANSIENT.contains(&status))
            }
        }
    }

    /// Returns what the API asks for in its challenge, if the token is valid but not sufficient.
    pub fn denial(&self) -> Option<Denial> {
        let head = self.head()?;
        Denial::read(head.status, head.headers)
    }

    fn head(&self) -> Option<Head<'_>> {
        match self {
            Self::InvalidRequest(_) | Self::Auth(_) | Self::Transport(_) => None,
            Self::ErrorResponse(response) => Some(Head::of(response)),
            Self::UnexpectedResponse(response)
            | Self::InvalidResponsePayload { response, .. }
            | Self::ResponseBody { response, .. } => Some(Head::of(response)),
        }
    }
}

/// The parts of a response that do not depend on the type of its value.
struct Head<'a> {
    status: StatusCode,
    headers: &'a HeaderMap,
    code: Option<&'a str>,
    message: Option<&'a str>,
    request_id: Option<&'a str>,
}

impl<'a> Head<'a> {
    fn of<T>(response: &'a ResponseValue<T>) -> Self {
        Self {
            status: response.status(),
            headers: response.headers(),
            code: response.code(),
            message: response.message(),
            request_id: response.request_id(),
        }
    }
}

/// Writes the status, the `problem` with the response, and the API's code, message and request id.
fn answered<T>(response: &ResponseValue<T>, problem: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Head { status, code, message, request_id, .. } = Head::of(response);
    write!(f, "the API answered {status}{problem}")?;
    for words in [code, message].into_iter().flatten() {
        write!(f, ": {words}")?;
    }
    match request_id {
        Some(id) => write!(f, " (request id {id})"),
        None => Ok(()),
    }
}

/// Writes in a few words why there is no token. The source of the error has the details.
fn unauthorized(error: &auth_layer::Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("the call could not be authorized: ")?;
    match error.status() {
        Some(status) => write!(f, "the token endpoint answered {}", status.as_u16())?,
        None => write!(f, "{}", error.kind())?,
    }
    if let Some(oauth) = error.oauth() {
        write!(f, " {}", oauth.code())?;
    }
    match error.remedy() {
        Some(remedy) => write!(f, ": {remedy}"),
        None => Ok(()),
    }
}

/// Statuses that ask the caller to try again later (RFC 9110 section 15, RFC 6585 section 4, RFC 8470 section 5.2).
/// 500 and 501 are not among them: the server does not say that another attempt would help.
const TRANSIENT: [StatusCode; 6] = [
    StatusCode::REQUEST_TIMEOUT,
    StatusCode::TOO_EARLY,
    StatusCode::TOO_MANY_REQUESTS,
    StatusCode::BAD_GATEWAY,
    StatusCode::SERVICE_UNAVAILABLE,
    StatusCode::GATEWAY_TIMEOUT,
];

impl<E> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidRequest(reason) => write!(f, "the request could not be built: {reason}"),
            Self::Auth(error) => unauthorized(error, f),
            Self::Transport(_) => f.write_str("the request could not be sent, or no response was received"),
            Self::ErrorResponse(response) => answered(response, "", f),
            Self::UnexpectedResponse(response) => {
                answered(response, ", which the API document does not list", f)
            }
            Self::InvalidResponsePayload { response, .. } => {
                answered(response, " with a body that does not match the API document", f)
            }
            Self::ResponseBody { response, .. } => {
                answered(response, " with a body that could not be read to its end", f)
            }
        }
    }
}

impl<E> fmt::Debug for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidRequest(reason) => f.debug_tuple("InvalidRequest").field(reason).finish(),
            Self::Auth(error) => f.debug_tuple("Auth").field(error).finish(),
            Self::Transport(error) => f.debug_tuple("Transport").field(error).finish(),
            Self::ErrorResponse(response) => f.debug_tuple("ErrorResponse").field(response).finish(),
            Self::UnexpectedResponse(response) => {
                f.debug_tuple("UnexpectedResponse").field(response).finish()
            }
            Self::InvalidResponsePayload { response, source } => f
                .debug_struct("InvalidResponsePayload")
                .field("response", response)
                .field("source", source)
                .finish(),
            Self::ResponseBody { response, source } => {
                f.debug_struct("ResponseBody").field("response", response).field("source", source).finish()
            }
        }
    }
}

impl<E> StdError for Error<E> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::InvalidRequest(_) | Self::ErrorResponse(_) | Self::UnexpectedResponse(_) => None,
            Self::Auth(error) => Some(error),
            Self::Transport(source)
            | Self::InvalidResponsePayload { source, .. }
            | Self::ResponseBody { source, .. } => Some(source.as_ref()),
        }
    }
}

/// Becomes [`Auth`](Error::Auth) if an [`auth_layer::Error`] is in the chain of sources, else
/// [`Transport`](Error::Transport).
impl<E> From<BoxError> for Error<E> {
    fn from(error: BoxError) -> Self {
        // A layer in between may have wrapped the token error, so the whole chain is searched.
        match auth_layer::Error::find(error.as_ref()) {
            Some(auth) => Self::Auth(auth.clone()),
            None => Self::Transport(error),
        }
    }
}

impl<E> From<InvalidRequest> for Error<E> {
    fn from(error: InvalidRequest) -> Self {
        Self::InvalidRequest(error.to_string())
    }
}

impl<E> From<InvalidHeaderValue> for Error<E> {
    fn from(_: InvalidHeaderValue) -> Self {
        Self::InvalidRequest(
            "a header parameter contains a character that is not allowed in a header value".to_owned(),
        )
    }
}
