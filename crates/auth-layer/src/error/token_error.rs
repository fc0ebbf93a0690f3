//! `Error`: why there is no token.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use super::advice::general;
use super::box_error::BoxError;
use super::kind::ErrorKind;
use super::oauth::{MESSAGE_LIMIT, OAuthError, clean};

/// The reason why there is no token, or why a request could not carry one.
///
/// It is cheap to clone, because all callers that waited for one exchange share its outcome. Tower services box it;
/// [`Error::find`] finds it in any error that has it as a cause.
///
/// It shows no credential and no token. It keeps three parts of a token endpoint's answer: the status, the error code
/// and the text that explains it (see [`server_message`](Self::server_message)). That text is shortened, and its
/// control characters are replaced.
///
/// `Display` shows this error alone. The causes, such as "Connection refused", are in [`source`](StdError::source).
///
/// ```
/// use auth_layer::{BoxError, Error, ErrorKind};
///
/// fn explain(error: &BoxError) -> &'static str {
///     match Error::find(error.as_ref()).map(Error::kind) {
///         Some(ErrorKind::SignInAgain) => "a person has to sign in",
///         Some(_) => "no token",
///         None => "the call itself failed",
///     }
/// }
/// # let error: BoxError = "connection reset".into();
/// # assert_eq!(explain(&error), "the call itself failed");
/// ```
#[derive(Clone)]
pub struct Error {
    inner: Arc<Inner>,
    /// The time until the next token request. The callers that share one failure may have different times.
    next_request: Option<Duration>,
}

struct Inner {
    kind: ErrorKind,
    transient: bool,
    message: Cow<'static, str>,
    remedy: Option<String>,
    endpoint: Option<String>,
    status: Option<StatusCode>,
    oauth: Option<OAuthError>,
    /// The server's explanation of a refusal without an error code, shortened and without control characters.
    server_message: Option<String>,
    retry_after: Option<Duration>,
    source: Option<BoxError>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        let transient = matches!(
            kind,
            ErrorKind::Transport
                | ErrorKind::Timeout
                | ErrorKind::Interrupted
                | ErrorKind::PoolFull
                | ErrorKind::Secret
                | ErrorKind::Store
        );
        let inner = Inner {
            kind,
            transient,
            message: message.into(),
            remedy: None,
            endpoint: None,
            status: None,
            oauth: None,
            server_message: None,
            retry_after: None,
            source: None,
        };
        Self { inner: Arc::new(inner), next_request: None }
    }

    /// Makes the error of a [`TokenSource`](crate::TokenSource) of the application.
    ///
    /// `transient` says whether the same call may succeed later without a change.
    pub fn from_source(source: impl Into<BoxError>, transient: bool) -> Self {
        Self::new(ErrorKind::Source, "the token source failed")
            .with_transience(transient)
            .with_source(source.into())
    }

    /// Finds the `Error` in `error` or in its chain of causes.
    pub fn find<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Self> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            let quoted = || error.downcast_ref().map(|QuotedError(found)| found);
            if let Some(found) = error.downcast_ref().or_else(quoted) {
                return Some(found);
            }
            cause = error.source();
        }
        None
    }

    /// Returns the kind of this failure.
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// Returns whether the same call may succeed later without a change.
    pub fn is_transient(&self) -> bool {
        self.inner.transient
    }

    /// Returns what a person can do about this failure, if that is known.
    ///
    /// It is the application's own text where there is one:
    /// [`ExchangeBuilder::remedy`](crate::source::ExchangeBuilder::remedy) if a person has to sign in,
    /// [`ExchangeBuilder::client_remedy`](crate::source::ExchangeBuilder::client_remedy) if the server refuses the
    /// client. `Display` shows that text. Otherwise it is general advice, which `Display` leaves out: by the OAuth
    /// error code (such as `invalid_scope`), or by what kept a connection from being made.
    pub fn remedy(&self) -> Option<&str> {
        let Inner { kind, remedy, status, oauth, .. } = &*self.inner;
        remedy.as_deref().or_else(|| general(*kind, *status, oauth.as_ref(), self.source()))
    }

    /// Returns the URL of the endpoint that was asked, without its query. It is mostly the token endpoint.
    pub fn endpoint(&self) -> Option<&str> {
        self.inner.endpoint.as_deref()
    }

    /// Returns the status of the token endpoint's answer.
    pub fn status(&self) -> Option<StatusCode> {
        self.inner.status
    }

    /// Returns the OAuth error of the token endpoint's answer.
    pub fn oauth(&self) -> Option<&OAuthError> {
        self.inner.oauth.as_ref()
    }

    /// Returns the text in which the server explains a refusal: at most 200 characters, without secrets. A text that
    /// was cut off ends in `…`. There may be a text even if the answer has no error code.
    ///
    /// The text is that of `error_description`, or else of `message`, `detail` or a similar member. These are looked
    /// for in the object in `error`, in the answer itself, and in the first object in `errors`.
    pub fn server_message(&self) -> Option<&str> {
        self.inner.server_message.as_deref().or_else(|| self.inner.oauth.as_ref()?.description())
    }

    /// Returns how long to wait before the next call.
    ///
    /// For an error that a [`TokenManager`](crate::TokenManager) remembers, it is the time until the next token
    /// request. Calls before then get this error again. For any other error it is the `Retry-After` of the token
    /// endpoint's answer, if there was one.
    pub fn retry_after(&self) -> Option<Duration> {
        self.next_request.or(self.inner.retry_after)
    }

    /// Sets the time until the next token request. This allocates nothing, because many callers may get the error at
    /// once.
    pub(crate) const fn with_next_request(mut self, wait: Duration) -> Self {
        self.next_request = Some(wait);
        self
    }

    pub(crate) fn with_transience(self, transient: bool) -> Self {
        self.change(|inner| inner.transient = transient)
    }

    pub(crate) fn with_remedy(self, remedy: Option<String>) -> Self {
        self.change(|inner| inner.remedy = remedy)
    }

    pub(crate) fn with_endpoint(self, endpoint: impl Into<String>) -> Self {
        let endpoint = endpoint.into();
        self.change(|inner| inner.endpoint = Some(endpoint))
    }

    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        self.change(|inner| inner.status = Some(status))
    }

    pub(crate) fn with_oauth(self, oauth: OAuthError) -> Self {
        self.change(|inner| inner.oauth = Some(oauth))
    }

    /// Adds the server's explanation of a refusal without an error code.
    pub(crate) fn with_server_message(self, message: &str) -> Self {
        let message = clean(message, MESSAGE_LIMIT);
        self.change(|inner| inner.server_message = Some(message))
    }

    pub(crate) fn with_retry_after(self, wait: Option<Duration>) -> Self {
        self.change(|inner| inner.retry_after = wait)
    }

    pub(crate) fn with_source(self, source: BoxError) -> Self {
        self.change(|inner| inner.source = Some(source))
    }

    /// Puts a cause between this error and its present one.
    pub(crate) fn with_cause(self, cause: impl FnOnce(Option<BoxError>) -> BoxError) -> Self {
        self.change(|inner| inner.source = Some(cause(inner.source.take())))
    }

    fn change(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        // An error is changed only while it is being made, when there is no other clone of it.
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            change(inner);
        }
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&*self.inner, f)?;
        match self.next_request {
            // Rounded up, so that a caller that waits that long is not too early.
            Some(wait) => write!(f, "; the next token request is in {} s", wait.as_millis().div_ceil(1_000)),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(endpoint) = &self.endpoint {
            write!(f, " (at {endpoint})")?;
        }
        if let Some(remedy) = &self.remedy {
            return self.fmt_with(remedy, f);
        }
        // The message about metadata has the status of each URL.
        if let Some(status) = self.status.filter(|_| self.kind != ErrorKind::Metadata) {
            write!(f, ", status {}", status.as_u16())?;
        }
        match (&self.oauth, &self.server_message) {
            (Some(oauth), _) => write!(f, ", {oauth}"),
            (None, Some(message)) => write!(f, ": {message}"),
            (None, None) => Ok(()),
        }
    }
}

impl Inner {
    /// Writes the server's answer in a few words, then what to do about it, then the server's own text.
    fn fmt_with(&self, remedy: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(status) = self.status {
            write!(f, ": {}", status.as_u16())?;
        }
        if let Some(oauth) = &self.oauth {
            write!(f, " {}", oauth.code())?;
        }
        write!(f, ": {remedy}")?;
        let said = self.oauth.as_ref().and_then(OAuthError::description).or(self.server_message.as_deref());
        match said {
            Some(description) => write!(f, " (the server says: {description})"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.inner;
        f.debug_struct("Error")
            .field("kind", &inner.kind)
            .field("transient", &inner.transient)
            .field("message", &inner.message)
            .field("remedy", &inner.remedy)
            .field("endpoint", &inner.endpoint)
            .field("status", &inner.status)
            .field("oauth", &inner.oauth)
            .field("server_message", &inner.server_message)
            .field("next_request", &self.next_request)
            .field("source", &inner.source)
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.inner.source.as_deref().map(|source| source as _)
    }
}

/// An [`Error`] as the cause of another error that already shows its text.
///
/// It shows the kind alone, so that a report of the chain has no text twice. [`Error::find`] finds the error in it.
///
/// ```
/// use auth_layer::error::QuotedError;
/// use auth_layer::Error;
///
/// let error = Error::from_source("no network", true);
/// let cause = QuotedError::new(error.clone());
/// assert_eq!(cause.to_string(), "token failure (Source)");
/// assert_eq!(Error::find(&cause).map(Error::kind), Some(error.kind()));
/// ```
#[derive(Clone, Debug)]
pub struct QuotedError(Error);

impl QuotedError {
    /// Wraps an error whose text another error shows.
    pub const fn new(error: Error) -> Self {
        Self(error)
    }

    /// Returns the error.
    pub const fn get_ref(&self) -> &Error {
        &self.0
    }
}

impl fmt::Display for QuotedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "token failure ({:?})", self.0.kind())
    }
}

impl StdError for QuotedError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}
