//! `RecoveredSignIn`: a sign-in whose access token cannot be used.

use std::error::Error as StdError;
use std::fmt;

use super::signed_in::write;
use crate::clock::Now;
use crate::endpoint::{Failed, Recovered};
use crate::error::{BoxError, Error};
use crate::profile::TokenUrl;
use crate::store::{Entry, Label, StoreKey, TokenStore};
use crate::token::{RefreshToken, Scope};

/// A sign-in that brought a refresh token, though the access token beside it cannot be used or the answer broke off.
/// `Debug` shows no token.
///
/// The person's code is used up, so that this refresh token is all that is left of the sign-in. Find it in the error of
/// [`SignIn::finish`](crate::SignIn::finish) or [`SignIn::poll`](crate::SignIn::poll), and keep it: an exchange of
/// [`Grant::Stored`](crate::Grant::Stored) then asks for an access token with it.
///
/// ```no_run
/// use auth_layer::{Authorization, Error, MemoryStore, RecoveredSignIn, SignIn, StoreKey};
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
    /// Where it came from.
    token_url: TokenUrl,
    /// When the request was sent.
    sent: Now,
    /// The cause that the error had before this one.
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
                failed.error.with_cause(|source| {
                    Box::new(Self { refresh_token, scope, account, token_url, sent, source })
                })
            }
            _ => failed.error,
        }
    }

    /// The refresh token.
    pub const fn refresh_token(&self) -> &RefreshToken {
        &self.refresh_token
    }

    /// Who signed in, where the provider tells.
    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// Writes the refresh token under a key, over whatever is there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`](crate::ErrorKind::Store) if the store cannot be written. The sign-in is then worth nothing.
    ///
    /// # Cancel safety
    ///
    /// The record is as it was, or written whole.
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
        f.write_str("the refresh token in the answer can still be kept")
    }
}

impl StdError for RecoveredSignIn {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
