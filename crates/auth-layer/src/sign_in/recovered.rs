//! `RecoveredSignIn`: the refresh token of a sign-in whose access token cannot be used.

use std::error::Error as StdError;
use std::fmt;

use super::keep::write;
use crate::clock::Now;
use crate::endpoint::{Failed, Recovered};
use crate::error::{BoxError, Error};
use crate::profile::TokenUrl;
use crate::store::{Entry, Label, StoreKey, TokenStore};
use crate::token::{RefreshToken, Scope};

/// A sign-in with a usable refresh token, although its access token cannot be used or the answer broke off.
///
/// The person's code is used up, so that this refresh token is the only result of the sign-in. Find it in the error of
/// [`SignIn::finish`](crate::SignIn::finish) or [`SignIn::poll`](crate::SignIn::poll), and [`keep`](Self::keep) it. An
/// exchange of [`Grant::Stored`](crate::Grant::Stored) then requests an access token with it. `Debug` shows no token.
///
/// ```no_run
/// use auth_layer::sign_in::{Authorization, RecoveredSignIn};
/// use auth_layer::store::StoreKey;
/// use auth_layer::{Error, MemoryStore, SignIn};
///
/// # async fn run(sign_in: SignIn, authorization: Authorization, callback: &str, store: MemoryStore, key: StoreKey)
/// # -> Result<(), Error> {
/// match sign_in.finish(authorization, callback).await {
///     Ok(signed_in) => signed_in.keep(&store, &key, None).await,
///     Err(error) => {
///         if let Some(recovered) = RecoveredSignIn::find(&error) {
///             recovered.keep(&store, &key, None).await?;
///         }
///         Err(error)
///     }
/// }
/// # }
/// ```
pub struct RecoveredSignIn {
    refresh_token: RefreshToken,
    scope: Option<Scope>,
    account: Option<String>,
    /// The endpoint that issued the refresh token.
    token_url: TokenUrl,
    /// When the request was sent.
    sent: Now,
    /// The cause that the error had before.
    source: Option<BoxError>,
}

impl RecoveredSignIn {
    /// Finds the recovered sign-in in `error` or in its chain of causes.
    pub fn find<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Self> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(found) = error.downcast_ref() {
                return Some(found);
            }
            cause = error.source();
        }
        None
    }

    /// Puts the refresh token of a failed exchange into its error.
    pub(super) fn attach(failed: Failed, token_url: TokenUrl) -> Error {
        match failed.recovered.map(|recovered| *recovered) {
            Some(Recovered { refresh_token: Some(refresh_token), scope, account, sent }) => {
                // The error's own cause becomes the cause of this one, so that the chain of causes stays complete.
                failed.error.with_cause(|source| {
                    Box::new(Self { refresh_token, scope, account, token_url, sent, source })
                })
            }
            _ => failed.error,
        }
    }

    /// Returns the refresh token.
    pub const fn refresh_token(&self) -> &RefreshToken {
        &self.refresh_token
    }

    /// Returns the account of the person, if the provider names it.
    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// Writes the refresh token to a store under `key`. It replaces any record under that key.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Store`](crate::ErrorKind::Store) if the store cannot be read or written. The refresh token
    /// is lost unless a later call succeeds.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the record is either unchanged or complete.
    pub async fn keep(
        &self,
        store: &dyn TokenStore,
        key: &StoreKey,
        label: Option<Label>,
    ) -> Result<(), Error> {
        let entry = Entry {
            scope: self.scope.clone(),
            account: self.account.clone(),
            obtained: Some(self.sent.wall()),
            redeemed: Some(self.sent.wall()),
            label,
            token_url: Some(self.token_url.clone()),
            ..Entry::new(self.refresh_token.clone())
        };
        write(store, key, entry).await
    }
}

impl fmt::Debug for RecoveredSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecoveredSignIn").field("source", &self.source).finish_non_exhaustive()
    }
}

impl fmt::Display for RecoveredSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the answer has a refresh token that can still be stored")
    }
}

impl StdError for RecoveredSignIn {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
