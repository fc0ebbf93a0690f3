//! What can go wrong in a call of a generated client.

use std::error::Error as StdError;
use std::fmt;

use auth_layer::BoxError;
use bytes::Bytes;
use http::header::InvalidHeaderValue;
use http::{HeaderMap, StatusCode};

use crate::collect::TooLarge;
use crate::{Denial, InvalidRequest, Response, ResponseValue};

/// Why a call did not give its value; `E` is the type of the API's documented errors.
///
/// Whatever came back is kept: each variant with a response has its status and headers, also reached by
/// [`status`](Self::status) and [`headers`](Self::headers). `Display` and `Debug` show of a refusal the API's
/// [`code`](Self::code), its [`message`](Self::message) and the [id of the request](Self::request_id), and nothing else of
/// a body or of headers: they may hold secrets. [`ApiError`](crate::ApiError) is the same without `E`.
///
/// ```
/// use client_core::Error;
///
/// fn explain<E>(error: &Error<E>) -> &'static str {
///     match error {
///         Error::Auth(error) if error.kind() == auth_layer::ErrorKind::SignInAgain => "sign in again",
///         Error::ErrorResponse(_) => "the API said no",
///         _ if error.is_transient() => "try again later",
///         _ => "broken",
///     }
/// }
/// # assert_eq!(explain(&Error::<()>::from(client_core::BoxError::from("reset"))), "try again later");
/// ```
#[non_exhaustive]
pub enum Error<E = ()> {
    /// The request could not be made from its parameters; nothing was sent.
    InvalidRequest(String),
    /// No token could be had, or the request could not carry one.
    Auth(auth_layer::Error),
    /// The request could not be sent, or no response came.
    Transport(BoxError),
    /// The API answered with an error that its document describes.
    ErrorResponse(ResponseValue<E>),
    /// The API answered with a status that its document does not list. The body is at most 1 MiB of what came.
    UnexpectedResponse(ResponseValue<Bytes>),
    /// The body of the response is not what the document says.
    #[non_exhaustive]
    InvalidResponsePayload {
        /// The response with its body.
        response: ResponseValue<Bytes>,
        /// What is wrong with the body.
        source: BoxError,
    },
    /// The body of the response could not be read to its end, or is larger than is read.
    #[non_exhaustive]
    ResponseBody {
        /// The response with the part of its body that was read.
        response: ResponseValue<Bytes>,
        /// Why no more was read.
        source: BoxError,
    },
}

impl<E> Error<E> {
    /// Keeps a response whose status the document does not list.
    pub async fn unexpected(response: Response) -> Self {
        let (head, collected) = ResponseValue::<()>::collected(response).await;
        Self::UnexpectedResponse(head.map(|()| collected.bytes))
    }

    /// The status, if there was a response.
    pub fn status(&self) -> Option<StatusCode> {
        self.head().map(|head| head.status)
    }

    /// The headers, if there was a response.
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.head().map(|head| head.headers)
    }

    /// The code of the API's refusal, such as `RESOURCE_NOT_FOUND`: at most 64 characters of it.
    ///
    /// It is found in any JSON body of a response that is no success, whether the document describes that body or not:
    /// flat, in `error`, in the first of `errors`, under each name that the providers have for it.
    pub fn code(&self) -> Option<&str> {
        self.head()?.code
    }

    /// The message of the API's refusal, in its language: one line, and at most 200 characters of it. It is found as the
    /// [`code`](Self::code) is; a page of HTML has none.
    ///
    /// What may be a secret is replaced by `[redacted]`:
    ///
    /// - the credential that the request carried, if the client was made by a [`Builder`](crate::Builder),
    /// - what follows `Bearer` or `Basic`, and what is assigned to a name such as `access_token`,
    /// - long words of digits and letters, as tokens are.
    pub fn message(&self) -> Option<&str> {
        self.head()?.message
    }

    /// The id by which the API's support finds the request, at most 128 visible ASCII characters: from `x-request-id` and
    /// the headers that are used in its place, or else from the body of a refusal.
    pub fn request_id(&self) -> Option<&str> {
        self.head()?.request_id
    }

    /// Whether it may heal by itself: the same call may succeed later without anyone doing anything.
    ///
    /// So it is for the statuses 408, 425, 429, 502, 503 and 504 whatever the body, for failures of the
    /// transport, and for [`Auth`](Self::Auth) where that error says so; the cause is in
    /// [`source`](StdError::source). It does not say that sending the request twice does no harm.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::InvalidRequest(_) => false,
            Self::Auth(error) => error.is_transient(),
            Self::Transport(_) => true,
            Self::ResponseBody { source, .. } => !source.is::<TooLarge>(),
            Self::ErrorResponse(_) | Self::UnexpectedResponse(_) | Self::InvalidResponsePayload { .. } => {
                self.status().is_some_and(|status| TRANSIENT.contains(&status))
            }
        }
    }

    /// What the API's challenge says is missing, where the token itself is good.
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

/// What is known of a response, whatever its value.
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

/// What the API answered, and `what` is the matter with that, with the API's own words.
fn answered<T>(response: &ResponseValue<T>, what: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Head { status, code, message, request_id, .. } = Head::of(response);
    write!(f, "the API answered {status}{what}")?;
    for words in [code, message].into_iter().flatten() {
        write!(f, ": {words}")?;
    }
    match request_id {
        Some(id) => write!(f, " (request id {id})"),
        None => Ok(()),
    }
}

/// What stands in the way of a token, in few words: the cause has the rest.
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
            Self::InvalidRequest(reason) => write!(f, "the request could not be made: {reason}"),
            Self::Auth(error) => unauthorized(error, f),
            Self::Transport(_) => f.write_str("the request could not be sent, or no response came"),
            Self::ErrorResponse(response) => answered(response, "", f),
            Self::UnexpectedResponse(response) => answered(response, ", which its document does not list", f),
            Self::InvalidResponsePayload { response, .. } => {
                answered(response, " with a body that is not what its document says", f)
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

/// What a stack failed with, told apart by whether it is about the token.
impl<E> From<BoxError> for Error<E> {
    fn from(error: BoxError) -> Self {
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
        Self::InvalidRequest("a header parameter holds a character that no header may have".to_owned())
    }
}
