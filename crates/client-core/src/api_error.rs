//! `ApiError`: the error of a call, without the type of its documented errors.

use std::error::Error as StdError;
use std::fmt;

use auth_layer::BoxError;
use auth_layer::error::QuotedError;
use http::{HeaderMap, StatusCode};

use crate::{Denial, Error};

/// The error of a call, without the type of the API's documented errors.
///
/// One type for a service that calls several operations or several APIs. `?` converts every [`Error`] into it. It keeps
/// everything but the typed body: read the body before the conversion if you need it. `Display` says in one line what
/// went wrong and what to do; the sources do not repeat it. The type is one pointer in size.
///
/// ```
/// use client_core::{ApiError, Error};
///
/// async fn book() -> Result<u64, Error<String>> {
///     # return Ok(7);
///     # #[expect(unreachable_code)]
///     Err(Error::InvalidRequest("no date".to_owned()))
/// }
///
/// async fn pay(_booking: u64) -> Result<(), Error> {
///     # return Err(Error::InvalidRequest("no amount".to_owned()));
///     # #[expect(unreachable_code)]
///     Ok(())
/// }
///
/// async fn dine() -> Result<(), ApiError> {
///     let booking = book().await?;
///     pay(booking).await?;
///     Ok(())
/// }
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # let error = runtime.block_on(dine()).unwrap_err();
/// # assert_eq!(error.to_string(), "the request could not be built: no amount");
/// ```
pub struct ApiError(Box<Inner>);

struct Inner {
    text: String,
    head: Option<(StatusCode, HeaderMap)>,
    code: Option<Box<str>>,
    message: Option<Box<str>>,
    request_id: Option<Box<str>>,
    is_transient: bool,
    cause: Option<Cause>,
}

enum Cause {
    Token(QuotedError),
    Other(BoxError),
}

impl ApiError {
    /// Returns the status, if there was a response.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.head.as_ref().map(|(status, _)| *status)
    }

    /// Returns the headers, if there was a response.
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.0.head.as_ref().map(|(_, headers)| headers)
    }

    /// Returns the API's error code: see [`Error::code`].
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// Returns the API's error message: see [`Error::message`].
    pub fn message(&self) -> Option<&str> {
        self.0.message.as_deref()
    }

    /// Returns the id by which the API's support can find the request: see [`Error::request_id`].
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// Returns whether the same call may succeed later: see [`Error::is_transient`].
    pub fn is_transient(&self) -> bool {
        self.0.is_transient
    }

    /// Returns what the API asks for in its challenge, if the token is valid but not sufficient.
    pub fn denial(&self) -> Option<Denial> {
        let (status, headers) = self.0.head.as_ref()?;
        Denial::read(*status, headers)
    }

    /// Returns the token error, if the call failed because of the token. [`auth_layer::Error::find`] finds it too.
    pub fn auth(&self) -> Option<&auth_layer::Error> {
        match self.0.cause.as_ref()? {
            Cause::Token(error) => Some(error.get_ref()),
            Cause::Other(_) => None,
        }
    }
}

impl<E> From<Error<E>> for ApiError {
    fn from(error: Error<E>) -> Self {
        let owned = |text: Option<&str>| text.map(Box::from);
        let mut inner = Inner {
            text: error.to_string(),
            head: None,
            code: owned(error.code()),
            message: owned(error.message()),
            request_id: owned(error.request_id()),
            is_transient: error.is_transient(),
            cause: None,
        };
        match error {
            Error::InvalidRequest(_) => {}
            Error::Auth(error) => {
                // The text of `Error` leaves the details to its source. Here the text has them all, and the source is
                // a `QuotedError`, so that a report of the whole chain shows them once.
                inner.text = format!("the call could not be authorized: {error}");
                inner.cause = Some(Cause::Token(QuotedError::new(error)));
            }
            Error::Transport(source) => inner.cause = Some(Cause::Other(source)),
            Error::ErrorResponse(response) => inner.head = Some(response.into_head()),
            Error::UnexpectedResponse(response) => inner.head = Some(response.into_head()),
            Error::InvalidResponsePayload { response, source } | Error::ResponseBody { response, source } => {
                inner.head = Some(response.into_head());
                inner.cause = Some(Cause::Other(source));
            }
        }
        Self(Box::new(inner))
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ApiError");
        shown.field("text", &self.0.text).field("is_transient", &self.0.is_transient);
        match &self.0.cause {
            Some(Cause::Token(error)) => shown.field("cause", error.get_ref()),
            Some(Cause::Other(error)) => shown.field("cause", error),
            None => &mut shown,
        }
        .finish_non_exhaustive()
    }
}

impl StdError for ApiError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self.0.cause.as_ref()? {
            Cause::Token(error) => Some(error),
            Cause::Other(error) => Some(error.as_ref()),
        }
    }
}
