//! What can go wrong in a call of a generated client.

use std::error::Error as StdError;
use std::fmt;

use auth_layer::BoxError;
use bytes::Bytes;
use http::header::InvalidHeaderValue;
use http::{HeaderMap, StatusCode};

use crate::collect::{TooLarge, collect};
use crate::{Denial, InvalidRequest, Response, ResponseValue};

/// Why a call did not give its value; `E` is the type of the API's documented errors.
///
/// Whatever came back is kept: each variant with a response has its status and headers, also reached by
/// [`status`](Self::status) and [`headers`](Self::headers). Neither `Display` nor `Debug` shows a body or a
/// header's value: they may hold secrets.
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
        let (head, body) = ResponseValue::<()>::split(response);
        let collected = collect(head.status(), body).await;
        Self::UnexpectedResponse(head.map(|()| collected.bytes))
    }

    /// The status, if there was a response.
    pub fn status(&self) -> Option<StatusCode> {
        self.head().map(|(status, _)| status)
    }

    /// The headers, if there was a response.
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.head().map(|(_, headers)| headers)
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
        let (status, headers) = self.head()?;
        Denial::read(status, headers)
    }

    fn head(&self) -> Option<(StatusCode, &HeaderMap)> {
        match self {
            Self::InvalidRequest(_) | Self::Auth(_) | Self::Transport(_) => None,
            Self::ErrorResponse(response) => Some((response.status(), response.headers())),
            Self::UnexpectedResponse(response)
            | Self::InvalidResponsePayload { response, .. }
            | Self::ResponseBody { response, .. } => Some((response.status(), response.headers())),
        }
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
            Self::Auth(_) => f.write_str("the call could not be authorized"),
            Self::Transport(_) => f.write_str("the request could not be sent, or no response came"),
            Self::ErrorResponse(response) => write!(f, "the API answered {}", response.status()),
            Self::UnexpectedResponse(response) => {
                write!(f, "the API answered {}, which its document does not list", response.status())
            }
            Self::InvalidResponsePayload { response, .. } => {
                write!(
                    f,
                    "the API answered {} with a body that is not what its document says",
                    response.status()
                )
            }
            Self::ResponseBody { response, .. } => {
                write!(
                    f,
                    "the API answered {} with a body that could not be read to its end",
                    response.status()
                )
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
