//! The trait that an outsider may implement.

use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;

use crate::clock::Now;
use crate::error::Error;
use crate::token::{AccessToken, Scope, TokenTypeId};

/// Anything that can be asked for a token: an [`Exchange`](crate::Exchange) at a token endpoint, a metadata
/// server, a file that something else keeps fresh.
///
/// A [`TokenManager`](crate::TokenManager) above it sees to it that it is asked once however many callers
/// wait, early, and not too often. A panic in it is caught and becomes an error.
///
/// # Cancel safety
///
/// The manager asks in a task of its own, so a caller that goes away never drops the future. The last handle
/// of a manager does, unless [`must_finish`](Self::must_finish) says otherwise.
///
/// ```
/// use async_trait::async_trait;
/// use auth_layer::{AccessToken, Clock, Error, IssuedToken, SystemClock, TokenRequest, TokenSource};
/// use std::time::Duration;
///
/// #[derive(Debug)]
/// struct TokenFile(std::path::PathBuf);
///
/// #[async_trait]
/// impl TokenSource for TokenFile {
///     async fn token(&self, _request: &TokenRequest) -> Result<IssuedToken, Error> {
///         let asked = SystemClock::new().now();
///         let text = std::fs::read_to_string(&self.0).map_err(|error| Error::from_source(error, true))?;
///         let token = AccessToken::new(text.trim())?;
///         Ok(IssuedToken::new(token, asked, Duration::from_secs(60)))
///     }
/// }
/// ```
#[async_trait]
pub trait TokenSource: std::fmt::Debug + Send + Sync + 'static {
    /// Gets a token.
    ///
    /// # Errors
    ///
    /// Whatever kept it from coming. [`Error::is_transient`] decides how long the failure is remembered: transient ones
    /// 1 s, doubling to 60 s; permanent ones 5 s, doubling to 60 s.
    async fn token(&self, request: &TokenRequest) -> Result<IssuedToken, Error>;

    /// Whether a token that is being fetched must arrive even if nobody wants it any more, since asking has
    /// used something up. `false` unless a source says otherwise.
    fn must_finish(&self) -> bool {
        false
    }

    /// Looks whether [`token`](Self::token) would send something else than it did when it failed last, such as a secret
    /// that was corrected meanwhile. It asks no server. `None`, unless a source says otherwise: nothing can change.
    ///
    /// A manager calls this while it remembers a permanent failure and a caller needs a token, at most once a second.
    /// If the answer is `true`, the source is asked for a token at once. After four such exchanges in a row there is one
    /// a minute, so that a source whose answer is always `true` does not undo the wait. A panic counts as `false`.
    ///
    /// # Cancel safety
    ///
    /// The future may be dropped at any point.
    ///
    /// ```
    /// use async_trait::async_trait;
    /// use auth_layer::{Error, IssuedToken, TokenRequest, TokenSource};
    /// use std::pin::Pin;
    /// use std::sync::atomic::{AtomicBool, Ordering};
    ///
    /// #[derive(Debug)]
    /// struct Configured {
    ///     /// Set when the configuration is read again, and cleared when a token is asked for.
    ///     changed: AtomicBool,
    /// }
    ///
    /// #[async_trait]
    /// impl TokenSource for Configured {
    ///     async fn token(&self, _request: &TokenRequest) -> Result<IssuedToken, Error> {
    ///         self.changed.store(false, Ordering::Relaxed);
    ///         Err(Error::from_source("the client is unknown", false))
    ///     }
    ///
    ///     fn has_changed(&self) -> Option<Pin<Box<dyn Future<Output = bool> + Send + '_>>> {
    ///         Some(Box::pin(async { self.changed.load(Ordering::Relaxed) }))
    ///     }
    /// }
    /// ```
    fn has_changed(&self) -> Option<Pin<Box<dyn Future<Output = bool> + Send + '_>>> {
        None
    }

    /// Writes what a store could not take before. Does nothing unless a source has a store.
    ///
    /// # Errors
    ///
    /// Why it still cannot be written.
    async fn flush(&self) -> Result<(), Error> {
        Ok(())
    }
}

/// Why a token is wanted.
///
/// ```
/// use auth_layer::TokenRequest;
///
/// assert!(TokenRequest::new().rejected().is_none());
/// ```
#[derive(Clone, Debug, Default)]
pub struct TokenRequest {
    rejected: Option<AccessToken>,
}

impl TokenRequest {
    /// A token is wanted because there is none, or because the one there is grows old.
    pub const fn new() -> Self {
        Self { rejected: None }
    }

    /// A token is wanted because this one was rejected.
    pub const fn after_rejection(token: AccessToken) -> Self {
        Self { rejected: Some(token) }
    }

    /// The token that was rejected, which is not to be handed out again.
    pub const fn rejected(&self) -> Option<&AccessToken> {
        self.rejected.as_ref()
    }
}

/// A token as its source issued it.
///
/// ```
/// use auth_layer::{AccessToken, Clock, IssuedToken, SystemClock};
/// use std::time::Duration;
///
/// let asked = SystemClock::new().now();
/// let issued = IssuedToken::new(AccessToken::new("abc")?, asked, Duration::from_secs(3600));
/// assert!(issued.scope().is_none());
/// # Ok::<(), auth_layer::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct IssuedToken {
    pub(crate) token: AccessToken,
    pub(crate) asked: Now,
    pub(crate) lifetime: Duration,
    pub(crate) scope: Option<Scope>,
    pub(crate) issued_token_type: Option<TokenTypeId>,
}

impl IssuedToken {
    /// A token that was asked for at `asked` and lives for `lifetime` from then on.
    pub const fn new(token: AccessToken, asked: Now, lifetime: Duration) -> Self {
        Self { token, asked, lifetime, scope: None, issued_token_type: None }
    }

    /// Adds the scope that the issuer granted, where it differs from what was asked for.
    #[must_use]
    pub fn with_scope(mut self, scope: Scope) -> Self {
        self.scope = Some(scope);
        self
    }

    /// The scope that the issuer granted; `None` means "as asked" (RFC 6749 section 5.1).
    pub const fn scope(&self) -> Option<&Scope> {
        self.scope.as_ref()
    }

    /// What kind of token it is, where a token exchange told (RFC 8693 section 2.2.1).
    pub const fn issued_token_type(&self) -> Option<&TokenTypeId> {
        self.issued_token_type.as_ref()
    }
}
