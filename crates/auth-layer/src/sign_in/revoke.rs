//! The end of a sign-in: tokens are revoked (RFC 7009), and the store forgets them.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};

use super::client::SignIn;
use crate::error::{Error, ErrorKind};
use crate::store::{Entry, Label, Record, State, StoreError, StoreKey, TokenStore};
use crate::token::{AccessToken, RefreshToken};

/// What became of a token that was to be revoked.
///
/// ```
/// use auth_layer::Revocation;
///
/// assert_ne!(Revocation::Done, Revocation::NotOffered);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Revocation {
    /// The server says that it is good for nothing any more; it may never have known it (RFC 7009 section 2.2).
    Done,
    /// The provider offers no revocation: nothing was sent, and the token lives on until it ends by itself.
    NotOffered,
}

/// What became of a sign-in that was ended. Whatever it is, the store has forgotten it.
///
/// ```no_run
/// use auth_layer::SignedOut;
///
/// # async fn run(sign_in: auth_layer::SignIn, store: auth_layer::MemoryStore, key: auth_layer::StoreKey)
/// # -> Result<(), auth_layer::Error> {
/// match sign_in.sign_out(&store, &key).await? {
///     SignedOut::Revoked => println!("signed out"),
///     SignedOut::NobodyThere => println!("nobody was signed in"),
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
    /// The store had nothing to revoke.
    NobodyThere,
    /// The provider offers no revocation: the refresh token lives on until it ends by itself.
    NotOffered,
    /// The refresh token could not be revoked, and may live on.
    NotRevoked(Error),
}

impl SignedOut {
    /// Whether a server has confirmed that the refresh token is good for nothing any more.
    pub const fn is_revoked(&self) -> bool {
        matches!(self, Self::Revoked)
    }

    /// What became of two records of one sign-in: the outcome that leaves more to be done.
    fn and(self, other: Self) -> Self {
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
    /// Has a refresh token revoked (RFC 7009 section 2). The access tokens that came of it go with it, at once or when
    /// the server gets round to it.
    ///
    /// A server in trouble is asked 3 times at most, no sooner than it wishes. A wish for more than a minute is not
    /// granted: the error carries it.
    ///
    /// # Errors
    ///
    /// As for a token request: [`ErrorKind::Transport`], [`Timeout`](ErrorKind::Timeout),
    /// [`Refused`](ErrorKind::Refused), [`Secret`](ErrorKind::Secret). The token may live on.
    ///
    /// # Cancel safety
    ///
    /// Dropped halfway, the token may be revoked or not; revoking it again does no harm.
    pub async fn revoke(&self, token: &RefreshToken) -> Result<Revocation, Error> {
        self.revoke_as("refresh_token", token.expose()).await
    }

    /// Has an access token revoked, where the server does that (RFC 7009 section 2). The refresh token that it came of
    /// may stay good.
    ///
    /// # Errors
    ///
    /// As for [`revoke`](Self::revoke); `unsupported_token_type` where the server does not do that.
    ///
    /// # Cancel safety
    ///
    /// As for [`revoke`](Self::revoke).
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

    /// Ends a sign-in: has the refresh token in the store revoked, then removes the record, whether that worked or not.
    /// A refresh token that is on its way is waited for, since another one may come back in its place. Records under the
    /// key's [earlier](StoreKey::earlier) keys are of the same sign-in and end with it.
    ///
    /// What managers hold in memory is their own: let each [forget](crate::TokenManager::forget) it afterwards. That is
    /// the end for exchanges of [`Grant::Stored`](crate::Grant::Stored). One that was given a refresh token to begin with
    /// ([`Grant::RefreshToken`](crate::Grant::RefreshToken)) finds no record and begins anew with that token, which the
    /// server may still take if another one had come in its place: let it go as well.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credential`] if the record's label names another provider or client, and [`ErrorKind::TokenUrl`] if its
    /// tokens came from another token URL: nothing was sent, and the record is still there. [`ErrorKind::Store`] if the record could not be removed. What became of the refresh token is then
    /// unknown.
    ///
    /// # Cancel safety
    ///
    /// Dropped halfway, the refresh token may be revoked and its record still be there; sign out again.
    pub async fn sign_out(&self, store: &dyn TokenStore, key: &StoreKey) -> Result<SignedOut, Error> {
        // A record of an earlier version comes first: once it is gone, no exchange can take it over any more.
        let keys: Vec<&StoreKey> = key.earlier().chain([key]).collect();
        for key in &keys {
            // A record that cannot be read is judged below, where it is removed.
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
        loop {
            let token = match self.settled(store, key).await {
                // Its refresh token, or the one that came in its place, is in the record that took it over.
                Ok(Some(record)) if record.entry.is_taken_over() => None,
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
                // The first, or one that came in place of the one that was revoked, while that was going on.
                (Some(token), _) => match self.revoke(&token).await {
                    Ok(Revocation::Done) => revoked = Some(token),
                    Ok(Revocation::NotOffered) => return Ok(SignedOut::NotOffered),
                    Err(error) => return Ok(SignedOut::NotRevoked(error)),
                },
            }
        }
    }

    /// Refuses a record that says it is of another provider, client or issuer: this provider must not see its refresh
    /// token (RFC 6749 section 10.4).
    fn recognise(&self, entry: &Entry) -> Result<(), Error> {
        let own = |label: &Label| {
            label.provider == self.profile().name() && label.client == self.endpoint.client_id()
        };
        match &entry.label {
            Some(label) if !own(label) => {
                let message = "the record is of a sign-in at another provider, or of another client";
                Err(Error::new(ErrorKind::Credential, message))
            }
            _ => self.profile().check_sign_in_from(entry.token_url.as_ref(), None),
        }
    }

    /// Reads the record once nobody is redeeming its refresh token.
    async fn settled(&self, store: &dyn TokenStore, key: &StoreKey) -> Result<Option<Record>, StoreError> {
        loop {
            let Some(record) = store.load(key).await? else { return Ok(None) };
            match record.entry.state {
                State::Redeeming { lease, .. } if !lease.is_zero() => {
                    let changed = pin!(store.changed(key, record.version));
                    let done = select(changed, self.clock.sleep(lease)).await;
                    // A store that cannot tell of changes is asked again when the mark has had its time.
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
    Error::new(ErrorKind::Store, format!("the sign-in's record {problem}")).with_source(error.into())
}

/// The waits before a server in trouble is asked again, where it names none.
const BACKOFF: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

/// Nobody who signs out waits longer than that.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
