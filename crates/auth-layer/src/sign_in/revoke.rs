//! Ends a sign-in: revokes its tokens (RFC 7009) and removes them from the store.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};

use super::client::SignIn;
use crate::error::{Error, ErrorKind};
use crate::store::{Entry, Label, Record, State, StoreError, StoreKey, TokenStore};
use crate::token::{AccessToken, RefreshToken};

/// The result of a revocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Revocation {
    /// The server confirmed that the token is invalid. The server may never have known the token (RFC 7009 section
    /// 2.2).
    Done,
    /// The provider offers no revocation. Nothing was sent, and the token stays valid until it expires.
    NotOffered,
}

/// The result of a sign-out. In every case, the record is removed from the store.
///
/// ```no_run
/// use auth_layer::sign_in::SignedOut;
///
/// # async fn run(sign_in: auth_layer::SignIn, store: auth_layer::MemoryStore, key: auth_layer::store::StoreKey)
/// # -> Result<(), auth_layer::Error> {
/// match sign_in.sign_out(&store, &key).await? {
///     SignedOut::Revoked => println!("signed out"),
///     SignedOut::NobodyThere => println!("there was no sign-in"),
///     SignedOut::NotOffered => println!("signed out here; the provider keeps the sign-in until it ends"),
///     SignedOut::NotRevoked(error) => println!("signed out here; at the provider it failed: {error}"),
///     _ => {}
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SignedOut {
    /// The server revoked the refresh token.
    Revoked,
    /// The store had no refresh token to revoke.
    NobodyThere,
    /// The provider offers no revocation. The refresh token stays valid until it expires.
    NotOffered,
    /// The refresh token could not be revoked and may still be valid.
    NotRevoked(Error),
}

impl SignedOut {
    /// Returns whether the server confirmed that the refresh token is invalid.
    pub const fn is_revoked(&self) -> bool {
        matches!(self, Self::Revoked)
    }

    /// Combines the results for two records of one sign-in.
    fn and(self, other: Self) -> Self {
        // The worse result counts: the caller must learn of a refresh token that may still be valid.
        let rank = |outcome: &Self| match outcome {
            Self::NobodyThere => 0,
            Self::Revoked => 1,
            Self::NotOffered => 2,
            Self::NotRevoked(_) => 3,
        };
        if rank(&other) > rank(&self) { other } else { self }
    }
}

impl SignIn {
    /// Revokes a refresh token at the provider (RFC 7009 section 2).
    ///
    /// The server also revokes the access tokens that were issued for it, at once or after a delay.
    ///
    /// After a temporary failure the request is sent again, at most 3 times in all. The wait is at least as long as the
    /// server asks. If the server asks for more than a minute, the call fails at once, and
    /// [`Error::retry_after`] has the wait.
    ///
    /// # Errors
    ///
    /// Returns the errors of a token request: [`ErrorKind::Transport`], [`Timeout`](ErrorKind::Timeout),
    /// [`Refused`](ErrorKind::Refused) or [`Secret`](ErrorKind::Secret). The token may still be valid.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the token may be revoked or not. Revoking it again does no harm.
    pub async fn revoke(&self, token: &RefreshToken) -> Result<Revocation, Error> {
        self.revoke_as("refresh_token", token.expose()).await
    }

    /// Revokes an access token at the provider (RFC 7009 section 2).
    ///
    /// Not every server can do this. The refresh token that the access token was issued for may stay valid.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`revoke`](Self::revoke). A server that cannot revoke access tokens refuses with
    /// `unsupported_token_type`.
    ///
    /// # Cancel safety
    ///
    /// The same as for [`revoke`](Self::revoke).
    pub async fn revoke_access_token(&self, token: &AccessToken) -> Result<Revocation, Error> {
        self.revoke_as("access_token", token.expose()).await
    }

    async fn revoke_as(&self, hint: &str, token: &str) -> Result<Revocation, Error> {
        let Some(url) = self.profile().revocation_url() else { return Ok(Revocation::NotOffered) };
        let parameters = [("token", token), ("token_type_hint", hint)];
        let mut backoff = BACKOFF.into_iter();
        loop {
            let error = match self.endpoint.revoke(url, &parameters).await {
                Ok(()) => return Ok(Revocation::Done),
                Err(error) => error,
            };
            let wait = backoff.next().map(|wait| error.retry_after().unwrap_or(wait));
            match wait.filter(|wait| error.is_transient() && *wait <= LONGEST_WAIT) {
                Some(wait) => self.clock.sleep(wait).await,
                None => return Err(error),
            }
        }
    }

    /// Ends a sign-in: revokes the refresh token in the store, then removes the record. The record is removed even if
    /// the revocation failed.
    ///
    /// If a process is using the refresh token at the moment, the call waits for it, since the server may replace the
    /// token. Records under the key's [earlier](StoreKey::earlier) keys belong to the same sign-in and end with it.
    ///
    /// Managers cache tokens in memory. Call [`forget`](crate::TokenManager::forget) on each of them afterwards. Drop
    /// an exchange that was built with a refresh token ([`Grant::RefreshToken`](crate::Grant::RefreshToken)): it would
    /// find no record and start again with that token. The server may still accept that token if another one had
    /// replaced it. Exchanges of [`Grant::Stored`](crate::Grant::Stored) need no more than this.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Credential`] if the record's label names another provider or client. Nothing was sent, and the
    ///   record is unchanged.
    /// - [`ErrorKind::TokenUrl`] if the record's tokens came from another token URL. Nothing was sent, and the record
    ///   is unchanged.
    /// - [`ErrorKind::Store`] if the record could not be removed. The refresh token may be revoked or not.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the refresh token may be revoked while its record is still there. Sign out again.
    pub async fn sign_out(&self, store: &dyn TokenStore, key: &StoreKey) -> Result<SignedOut, Error> {
        // The records of earlier versions are removed first. After that, no exchange can copy one of them to the new
        // key.
        let keys: Vec<&StoreKey> = key.earlier().chain([key]).collect();
        // All records are checked before the first is revoked, so that an error leaves every record unchanged.
        for key in &keys {
            // A read error is ignored here: the loop below reads the record again before it removes it.
            if let Ok(Some(record)) = store.load(key).await {
                self.recognise(&record.entry)?;
            }
        }
        let mut outcome = SignedOut::NobodyThere;
        for key in keys {
            outcome = outcome.and(self.revoke_stored(store, key).await?);
            store.remove(key).await.map_err(|error| store_failed("could not be removed", error))?;
        }
        Ok(outcome)
    }

    async fn revoke_stored(&self, store: &dyn TokenStore, key: &StoreKey) -> Result<SignedOut, Error> {
        let mut revoked: Option<RefreshToken> = None;
        // A renewal may store a new refresh token while the old one is being revoked. The record is therefore read
        // again until it has no other token.
        loop {
            let token = match self.settled(store, key).await {
                // An exchange has copied this record to the new key. The current refresh token is there.
                Ok(Some(record)) if record.entry.is_taken_over() => None,
                Ok(Some(record)) if record.entry.state == State::NoRefreshToken => {
                    self.recognise(&record.entry)?;
                    return Ok(self.revoke_only_token(&record.entry).await);
                }
                Ok(Some(record)) => {
                    self.recognise(&record.entry)?;
                    Some(record.entry.refresh_token)
                }
                Ok(None) => None,
                Err(error) => return Ok(SignedOut::NotRevoked(store_failed("could not be read", error))),
            };
            match (token, &revoked) {
                (None, None) => return Ok(SignedOut::NobodyThere),
                (None, Some(_)) => return Ok(SignedOut::Revoked),
                (Some(token), Some(revoked)) if token == *revoked => return Ok(SignedOut::Revoked),
                // The first token, or one that replaced the revoked token in the meantime.
                (Some(token), _) => match self.revoke(&token).await {
                    Ok(Revocation::Done) => revoked = Some(token),
                    Ok(Revocation::NotOffered) => return Ok(SignedOut::NotOffered),
                    Err(error) => return Ok(SignedOut::NotRevoked(error)),
                },
            }
        }
    }

    /// Revokes the access token of a sign-in that has no refresh token.
    async fn revoke_only_token(&self, entry: &Entry) -> SignedOut {
        let Some(token) = &entry.access_token else { return SignedOut::NobodyThere };
        match self.revoke_access_token(token).await {
            Ok(Revocation::Done) => SignedOut::Revoked,
            Ok(Revocation::NotOffered) => SignedOut::NotOffered,
            Err(error) => SignedOut::NotRevoked(error),
        }
    }

    /// Returns an error if the record belongs to another provider, client or token URL. This provider must not get its
    /// refresh token (RFC 6749 section 10.4).
    fn recognise(&self, entry: &Entry) -> Result<(), Error> {
        let own = |label: &Label| {
            label.provider == self.profile().name() && label.client == self.endpoint.client_id()
        };
        match &entry.label {
            Some(label) if !own(label) => {
                let message =
                    "the stored sign-in belongs to another provider or another client; check the store key";
                Err(Error::new(ErrorKind::Credential, message))
            }
            _ => self.profile().check_sign_in_from(entry.token_url.as_ref(), None),
        }
    }

    /// Waits until no process is redeeming the refresh token, then returns the record.
    async fn settled(&self, store: &dyn TokenStore, key: &StoreKey) -> Result<Option<Record>, StoreError> {
        loop {
            let Some(record) = store.load(key).await? else { return Ok(None) };
            match record.entry.state {
                // A mark whose lease has ended does not count: the process that wrote it has probably died.
                State::Redeeming { lease, .. } if !lease.is_zero() => {
                    let changed = pin!(store.changed(key, record.version));
                    let done = select(changed, self.clock.sleep(lease)).await;
                    // If the store cannot report changes, the record is read again when the lease has ended.
                    if let Either::Left((Err(_), lease)) = done {
                        lease.await;
                    }
                }
                _ => return Ok(Some(record)),
            }
        }
    }
}

fn store_failed(problem: &str, error: StoreError) -> Error {
    let message = format!("the stored sign-in {problem}; check the store, then sign out again");
    Error::new(ErrorKind::Store, message).with_source(error.into())
}

/// The waits before the second and the third request, if the server asks for none. They are short because a person
/// waits.
const BACKOFF: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

/// The longest wait that a person who signs out is expected to accept.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
