//! `Error`: why no token could be had.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use super::kind::ErrorKind;
use super::oauth::{MESSAGE_LIMIT, OAuthError, clean};

/// The error type at the tower seam.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// Why no token could be had, or why a request could not carry one.
///
/// It is cheap to clone: all who waited for one exchange share its outcome. At the tower seam it is
/// boxed; [`Error::find`] gets it back from any error that carries it as a cause.
///
/// It shows no credential and no token. Of a token endpoint's answer it keeps the status, the error code and the
/// text that explains it (see [`server_message`](Self::server_message)), cut to a length and cleaned of control
/// characters.
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
    /// How long the next token request is off. It differs between the callers who get one failure.
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
    /// What the server said of a refusal for which it has no code, shortened and cleaned.
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

    /// Makes the error of a [`TokenSource`](crate::TokenSource) that is not ours.
    ///
    /// `transient` says whether the same call may succeed later without anyone doing anything.
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

    /// What kind of failure this is.
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// Whether it may heal by itself: the same call may succeed later. The cause is in
    /// [`source`](StdError::source).
    pub fn is_transient(&self) -> bool {
        self.inner.transient
    }

    /// What a person has to do: where a sign-in is needed ([`ExchangeBuilder::remedy`](crate::ExchangeBuilder::remedy)), or
    /// where the server refuses the client ([`ExchangeBuilder::client_remedy`](crate::ExchangeBuilder::client_remedy)).
    pub fn remedy(&self) -> Option<&str> {
        self.inner.remedy.as_deref()
    }

    /// The endpoint that was asked, mostly the token endpoint, without query.
    pub fn endpoint(&self) -> Option<&str> {
        self.inner.endpoint.as_deref()
    }

    /// The status of the token endpoint's answer.
    pub fn status(&self) -> Option<StatusCode> {
        self.inner.status
    }

    /// The OAuth error of the token endpoint's answer.
    pub fn oauth(&self) -> Option<&OAuthError> {
        self.inner.oauth.as_ref()
    }

    /// The text in which the server explains a refusal, at most 200 characters of it and without secrets. It is there
    /// even if the answer has no error code.
    ///
    /// It is taken from `error_description`, or else from `message`, `detail` and their like: those of the object in
    /// `error`, of the answer itself, or of the first object in `errors`.
    pub fn server_message(&self) -> Option<&str> {
        self.inner.server_message.as_deref().or_else(|| self.inner.oauth.as_ref()?.description())
    }

    /// How long to wait before the next call.
    ///
    /// An error that a [`TokenManager`](crate::TokenManager) remembers says how long the next token request is off: until
    /// then calls get this error. Any other says how long the token endpoint asked to be left alone (`Retry-After`, in
    /// seconds or as a date), if it did.
    pub fn retry_after(&self) -> Option<Duration> {
        self.next_request.or(self.inner.retry_after)
    }

    /// Says how long the next token request is off. This allocates nothing, since a herd may get the error.
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

    /// Adds what a server said of a refusal for which it has no code.
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

    /// Errors are changed only while they are being made, when nobody else holds them.
    fn change(mut self, change: impl FnOnce(&mut Inner)) -> Self {
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
            // Rounded up: a caller who waits that long is not too early.
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
        if let Some(status) = self.status {
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
    /// What the server answered in few words, what to do about it, and then the server's own text.
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

/// An [`Error`] as the cause of another that shows its text already.
///
/// It names the kind alone, so that a report of the chain says nothing twice. [`Error::find`] finds the error in it.
///
/// ```
/// use auth_layer::{Error, QuotedError};
///
/// let error = Error::from_source("no network", true);
/// let cause = QuotedError::new(error.clone());
/// assert_eq!(cause.to_string(), "token failure (Source)");
/// assert_eq!(Error::find(&cause).map(Error::kind), Some(error.kind()));
/// ```
#[derive(Clone, Debug)]
pub struct QuotedError(Error);

impl QuotedError {
    /// Wraps an error whose text is shown elsewhere.
    pub const fn new(error: Error) -> Self {
        Self(error)
    }

    /// The error.
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
