//! `SignedIn`: the tokens of a sign-in.

use super::keep::write;
use super::recovered::RecoveredSignIn;
use crate::endpoint::{Failed, TokenAnswer};
use crate::error::{Error, ErrorKind};
use crate::profile::{Profile, TokenUrl};
use crate::store::{Entry, Label, StoreKey, TokenStore};
use crate::token::{AccessToken, Kept, RefreshToken, Scope};

/// The tokens of a sign-in. `Debug` shows no token.
///
/// ```no_run
/// use auth_layer::store::StoreKey;
/// use auth_layer::{Grant, Identity, Profile};
///
/// # async fn run(
/// #     signed_in: auth_layer::sign_in::SignedIn,
/// #     store: auth_layer::MemoryStore,
/// # ) -> Result<(), Box<dyn std::error::Error>> {
/// println!("signed in as {}", signed_in.account().unwrap_or("an unnamed account"));
/// let profile = Profile::new("example", "https://auth.example.com/token")?;
/// let key = StoreKey::for_identity(&profile, "client-id", &Grant::Stored, &Identity::new("reception"));
/// signed_in.keep(&store, &key, None).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SignedIn {
    answer: TokenAnswer,
    token_url: TokenUrl,
    /// True if the access token is kept without a refresh token.
    keeps_access_token: bool,
}

impl SignedIn {
    /// Makes a sign-in from the result of a code exchange. If only the refresh token can be used, the error carries it.
    pub(super) fn of(result: Result<TokenAnswer, Failed>, profile: &Profile) -> Result<Self, Error> {
        let token_url = TokenUrl::at(profile.token_url().clone());
        match result {
            Ok(answer) => Ok(Self { answer, token_url, keeps_access_token: profile.keeps_access_tokens() }),
            Err(failed) => Err(RecoveredSignIn::attach(failed, token_url)),
        }
    }

    /// Adds what the callback said.
    pub(super) fn with_kept(mut self, kept: Kept) -> Self {
        self.answer.kept.extend(kept);
        self
    }

    /// Returns a member of the answer, or a parameter of the callback, that the profile keeps.
    pub fn kept(&self, name: &str) -> Option<&str> {
        self.answer.kept.get(name).map(String::as_str)
    }

    /// Returns everything that the profile keeps: names and values.
    pub fn all_kept(&self) -> impl Iterator<Item = (&str, &str)> {
        self.answer.kept.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the access token.
    pub const fn access_token(&self) -> &AccessToken {
        &self.answer.access_token
    }

    /// Returns the refresh token, if the server issued one.
    pub const fn refresh_token(&self) -> Option<&RefreshToken> {
        self.answer.refresh_token.as_ref()
    }

    /// Returns the granted scope. `None` means that the server granted the requested scope (RFC 6749 section 5.1).
    pub const fn scope(&self) -> Option<&Scope> {
        self.answer.scope.as_ref()
    }

    /// Returns the account of the person, if the provider names it.
    pub fn account(&self) -> Option<&str> {
        self.answer.account.as_deref()
    }

    /// Writes the tokens to a store under `key`. They replace any record under that key, since a person has just signed
    /// in.
    ///
    /// Take the key from [`StoreKey::for_identity`], or from the exchange that will use the tokens
    /// ([`Exchange::store_key`]).
    ///
    /// [`Exchange::store_key`]: crate::Exchange::store_key
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::SignInFailed`] if the server issued no refresh token, unless the profile keeps the access token
    ///   ([`Profile::with_access_token_kept`](crate::Profile::with_access_token_kept)).
    /// - [`ErrorKind::Store`] if the store cannot be read or written.
    ///
    /// Until a call succeeds, only the access token of the sign-in can be used.
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
        let answer = &self.answer;
        // Counted from the request: a slow answer must not make the token look younger than it is.
        let hard = (answer.sent + answer.lifetime).wall();
        let entry = match &answer.refresh_token {
            Some(refresh_token) => Entry::new(refresh_token.clone()),
            None if self.keeps_access_token => {
                Entry::without_refresh_token(answer.access_token.clone(), hard)
            }
            None => {
                return Err(Error::new(
                    ErrorKind::SignInFailed,
                    "the provider issued no refresh token, so that the sign-in cannot be stored; check which scope it \
                     needs (often `offline_access`)",
                ));
            }
        };
        let entry = Entry {
            access_token: Some(answer.access_token.clone()),
            hard: Some(hard),
            scope: answer.scope.clone(),
            account: answer.account.clone(),
            kept: answer.kept.clone(),
            refresh_token_expires: answer
                .refresh_token_lifetime
                .map(|lifetime| (answer.sent + lifetime).wall()),
            obtained: Some(answer.sent.wall()),
            redeemed: Some(answer.sent.wall()),
            label,
            token_url: Some(self.token_url.clone()),
            ..entry
        };
        write(store, key, entry).await
    }
}
