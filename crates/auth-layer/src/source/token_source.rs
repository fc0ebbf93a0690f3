//! The trait that an outsider may implement.

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
    /// Whatever kept it from coming. [`Error::is_transient`] decides how long the failure is remembered.
    async fn token(&self, request: &TokenRequest) -> Result<IssuedToken, Error>;

    /// Whether a token that is being fetched must arrive even if nobody wants it any more, since asking has
    /// used something up. `false` unless a source says otherwise.
    fn must_finish(&self) -> bool {
        false
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
