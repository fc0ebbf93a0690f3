//! `TokenSource`: the trait of everything that issues tokens.

use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;

use crate::clock::Now;
use crate::error::Error;
use crate::profile::Origin;
use crate::token::{AccessToken, Kept, Scope, TokenTypeId};

/// A source of tokens: an [`Exchange`](crate::Exchange) at a token endpoint, a metadata server, or a file that another
/// program renews.
///
/// A [`TokenManager`](crate::TokenManager) calls it once for any number of waiting callers, before the old token
/// expires, and not too often after failures. A panic in a source is caught and becomes an error.
///
/// # Cancel safety
///
/// The manager calls the source in its own task. A caller that is dropped never drops the source's future. The last
/// handle of a manager does, unless [`must_finish`](Self::must_finish) returns true.
///
/// ```
/// use async_trait::async_trait;
/// use auth_layer::clock::SystemClock;
/// use auth_layer::source::{IssuedToken, TokenRequest};
/// use auth_layer::{AccessToken, Clock, Error, TokenSource};
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
    /// Returns the reason why there is no token. A manager remembers a failure for a while before it calls the source
    /// again: for 1 s if [`Error::is_transient`] is true, or else for 5 s. Each further failure doubles that time, up
    /// to 60 s.
    async fn token(&self, request: &TokenRequest) -> Result<IssuedToken, Error>;

    /// Returns whether a call of [`token`](Self::token) must run to its end even if no caller waits for it any more,
    /// because it may use something up, such as a refresh token. The default is false.
    fn must_finish(&self) -> bool {
        false
    }

    /// Returns whether [`token`](Self::token) would now send something else than it did when it failed last, such as a
    /// secret that was corrected since. It must not send a request. The default is `None`: nothing can change.
    ///
    /// A manager calls this at most once a second, while it remembers a permanent failure and a caller needs a token.
    /// If the result is true, the manager calls the source at once. After four such calls in a row it makes only one a
    /// minute, so that a source that always returns true does not undo the wait. A panic counts as false.
    ///
    /// # Cancel safety
    ///
    /// The future may be dropped at any point.
    ///
    /// ```
    /// use async_trait::async_trait;
    /// use auth_layer::source::{IssuedToken, TokenRequest};
    /// use auth_layer::{Error, TokenSource};
    /// use std::pin::Pin;
    /// use std::sync::atomic::{AtomicBool, Ordering};
    ///
    /// #[derive(Debug)]
    /// struct Configured {
    ///     /// Set when the configuration is read again, and cleared by the next call for a token.
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

    /// Writes the result that a store could not take before. It does nothing if the source has no store.
    ///
    /// # Errors
    ///
    /// Returns the reason why the result still cannot be written.
    async fn flush(&self) -> Result<(), Error> {
        Ok(())
    }
}

/// A request for a token, with its reason.
#[derive(Clone, Debug, Default)]
pub struct TokenRequest {
    rejected: Option<AccessToken>,
}

impl TokenRequest {
    /// Creates a request for a first token, or for one that replaces an older token.
    pub const fn new() -> Self {
        Self { rejected: None }
    }

    /// Creates a request for a token that replaces a rejected one.
    pub const fn after_rejection(token: AccessToken) -> Self {
        Self { rejected: Some(token) }
    }

    /// Returns the token that was rejected. A source must not return it again.
    pub const fn rejected(&self) -> Option<&AccessToken> {
        self.rejected.as_ref()
    }
}

/// A token from its source, with its lifetime.
///
/// ```
/// use auth_layer::clock::SystemClock;
/// use auth_layer::source::IssuedToken;
/// use auth_layer::{AccessToken, Clock};
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
    pub(crate) kept: Kept,
    pub(crate) origin: Option<Origin>,
}

impl IssuedToken {
    /// Creates a token that was requested at `asked` and expires after `lifetime`, counted from `asked`.
    pub const fn new(token: AccessToken, asked: Now, lifetime: Duration) -> Self {
        Self { token, asked, lifetime, scope: None, issued_token_type: None, kept: Kept::new(), origin: None }
    }

    /// Adds the scope that the issuer granted, if it differs from the requested one.
    #[must_use]
    pub fn with_scope(mut self, scope: Scope) -> Self {
        self.scope = Some(scope);
        self
    }

    /// Adds what the issuer said beside the token, for [`Token::kept`](crate::Token::kept).
    #[must_use]
    pub fn with_kept(mut self, kept: Kept) -> Self {
        self.kept = kept;
        self
    }

    /// Adds the origin of the API that the issuer named for this token
    /// ([`Profile::with_origin_from`](crate::Profile::with_origin_from)).
    #[must_use]
    pub fn with_origin(mut self, origin: Origin) -> Self {
        self.origin = Some(origin);
        self
    }

    /// Returns the token.
    pub const fn access_token(&self) -> &AccessToken {
        &self.token
    }

    /// Returns the scope that the issuer granted. `None` means that it equals the requested one (RFC 6749 section 5.1).
    pub const fn scope(&self) -> Option<&Scope> {
        self.scope.as_ref()
    }

    /// Returns the type of the token, if it came from a token exchange (RFC 8693 section 2.2.1).
    pub const fn issued_token_type(&self) -> Option<&TokenTypeId> {
        self.issued_token_type.as_ref()
    }
}
