//! `SignedIn`: what a person's sign-in brought.

use super::recovered::RecoveredSignIn;
use crate::endpoint::{Failed, TokenAnswer};
use crate::error::{Error, ErrorKind};
use crate::profile::{Profile, TokenUrl};
use crate::store::{Entry, Label, State, StoreError, StoreKey, TokenStore};
use crate::token::{AccessToken, RefreshToken, Scope};

/// What a person's sign-in brought. `Debug` shows no token.
///
/// ```no_run
/// use auth_layer::{Grant, Identity, Profile, StoreKey};
///
/// # async fn run(signed_in: auth_layer::SignedIn, store: auth_layer::MemoryStore) -> Result<(), auth_layer::Error> {
/// println!("signed in as {}", signed_in.account().unwrap_or("somebody"));
/// let key = StoreKey::for_identity(&Profile::goto(), "client-id", &Grant::Stored, &Identity::new("reception"));
/// signed_in.keep(&store, &key, None).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SignedIn {
    answer: TokenAnswer,
    token_url: TokenUrl,
}

impl SignedIn {
    /// Makes a sign-in of the answer to a code. A refresh token that came without a usable access token goes with the error.
    pub(super) fn of(result: Result<TokenAnswer, Failed>, profile: &Profile) -> Result<Self, Error> {
        let token_url = TokenUrl::at(profile.token_url().clone());
        match result {
            Ok(answer) => Ok(Self { answer, token_url }),
            Err(failed) => Err(RecoveredSignIn::attach(failed, token_url)),
        }
    }

    /// The access token.
    pub const fn access_token(&self) -> &AccessToken {
        &self.answer.access_token
    }

    /// The refresh token, if the server handed one out.
    pub const fn refresh_token(&self) -> Option<&RefreshToken> {
        self.answer.refresh_token.as_ref()
    }

    /// What was granted; `None` means "as asked" (RFC 6749 section 5.1).
    pub const fn scope(&self) -> Option<&Scope> {
        self.answer.scope.as_ref()
    }

    /// Who signed in, where the provider tells.
    pub fn account(&self) -> Option<&str> {
        self.answer.account.as_deref()
    }

    /// Writes the tokens under a key, over whatever is there: the person who signed in knows best. The key is that of
    /// [`StoreKey::for_identity`], or of the exchange that is to find them ([`Exchange::store_key`]).
    ///
    /// [`Exchange::store_key`]: crate::Exchange::store_key
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SignInFailed`] if the server handed out no refresh token, [`ErrorKind::Store`] if the store cannot
    /// be written. The sign-in is then worth nothing beyond its access token.
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
        let refresh_token = self.refresh_token().cloned().ok_or_else(|| {
            Error::new(
                ErrorKind::SignInFailed,
                "the provider handed out no refresh token, so nothing can be kept",
            )
        })?;
        let answer = &self.answer;
        let entry = Entry {
            state: State::Idle,
            access_token: Some(answer.access_token.clone()),
            hard: Some((answer.sent + answer.lifetime).wall()),
            scope: answer.scope.clone(),
            account: answer.account.clone(),
            obtained: Some(answer.sent.wall()),
            redeemed: Some(answer.sent.wall()),
            label,
            token_url: Some(self.token_url.clone()),
            ..Entry::new(refresh_token)
        };
        write(store, key, entry).await
    }
}

/// Writes the record of a sign-in over whatever is there.
pub(super) async fn write(store: &dyn TokenStore, key: &StoreKey, entry: Entry) -> Result<(), Error> {
    loop {
        let known = store.load(key).await.map_err(not_kept)?.map(|record| record.version);
        let written = store.compare_exchange(key, known, entry.clone()).await;
        if written.map_err(not_kept)?.is_some() {
            return Ok(());
        }
    }
}

fn not_kept(error: StoreError) -> Error {
    Error::new(ErrorKind::Store, "the tokens of the sign-in could not be kept").with_source(error.into())
}
