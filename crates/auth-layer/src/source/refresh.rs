//! `Refresh`: one identity's refresh token, which other processes may hold too.
//!
//! A refresh is a token request between two writes to the store. `claim.rs` marks the record before the request, and
//! `settle.rs` writes the outcome over that mark.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, Once, PoisonError};

use super::custody::{Custody, Flushed};
use crate::clock::Clock;
use crate::error::{Error, ErrorKind};
use crate::profile::TokenUrl;
use crate::store::{Label, State, StoreError, StoreKey, TokenStore};
use crate::token::{AccessToken, RefreshToken};

/// The refresh token of one identity, in its store.
#[derive(Debug)]
pub(crate) struct Refresh {
    pub(super) custody: Arc<Custody>,
    /// The refresh token to begin with if the store has no record. `None` for a grant that uses the store alone.
    pub(super) initial: Option<RefreshToken>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) label: Label,
    /// The URL that refresh tokens are sent to. It is stored with the tokens of each answer.
    pub(super) token_url: TokenUrl,
    /// The application's text about how a person signs in again.
    pub(super) remedy: Option<String>,
    /// The name in our marks. It is random, so that no other holder of the store uses the same one.
    pub(super) holder: String,
    memory: Mutex<Memory>,
    /// Held for a whole refresh, so that this process has one mark at a time.
    pub(super) one_at_a_time: tokio::sync::Mutex<()>,
    /// Limits the warning about a public client's refresh token to one.
    pub(super) warned: Once,
}

/// The part of a refresh that only this process knows. None of it is in the store.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// The access token returned last. If the store has the same token, no other process has renewed it.
    pub(super) last_issued: Option<AccessToken>,
    /// True after the first lost answer of this process. False again after the second, so that a third send is refused.
    pub(super) answer_lost: bool,
    /// The error that lost the last answer. `None` if no answer was lost, or if the exchange was dropped or panicked.
    pub(super) loss: Option<Error>,
    /// The state of the record before our mark. It is set just before the mark is written, because a write that fails
    /// may still have reached the store, and cleared just before the first byte is sent. While it is set, the mark is
    /// ours and the token is unused.
    pub(super) before_unsent_mark: Option<State>,
    /// True once this process has checked that no take-over of an earlier record is unfinished.
    pub(super) earlier_settled: bool,
    /// The sign-in that was tried last. `None` if the store had none.
    pub(super) tried_sign_in: Option<StoreKey>,
    /// True if the last call ended because a person has to sign in.
    pub(super) sign_in_needed: bool,
}

impl Refresh {
    pub(crate) fn new(
        store: Arc<dyn TokenStore>,
        key: StoreKey,
        initial: Option<RefreshToken>,
        clock: Arc<dyn Clock>,
        label: Label,
        token_url: TokenUrl,
        remedy: Option<String>,
    ) -> Self {
        let holder = format!("{:016x}", fastrand::u64(..));
        let custody = Arc::new(Custody::new(store, key, clock.clone()));
        let (memory, one_at_a_time, warned) = (Mutex::default(), tokio::sync::Mutex::default(), Once::new());
        Self { custody, initial, clock, label, token_url, remedy, holder, memory, one_at_a_time, warned }
    }

    pub(crate) fn key(&self) -> &StoreKey {
        self.custody.key()
    }

    /// Writes the outcome that the store could not take before, if there is one.
    pub(crate) async fn flush(&self) -> Result<(), Error> {
        loop {
            match self.custody.flush().await.map_err(store_failed)? {
                Flushed::Done => return Ok(()),
                Flushed::Waiting(version, lease) => {
                    self.custody.wait(version, lease).await.map_err(store_failed)?;
                }
            }
        }
    }

    pub(super) fn sign_in_needed(&self, why: impl Into<Cow<'static, str>>) -> Error {
        self.memory().sign_in_needed = true;
        Error::new(ErrorKind::SignInAgain, why).with_remedy(self.remedy.clone())
    }

    /// Returns the error for a store that has no record, with the identity that was looked for.
    pub(super) fn nothing_stored(&self) -> Error {
        let Label { provider, client, subject } = &self.label;
        self.sign_in_needed(format!(
            "no sign-in is stored for provider {provider:?}, client {client:?}, subject {subject:?}"
        ))
    }

    /// Returns the error for a sign-in whose access token can no longer be used, and that has no refresh token.
    pub(super) fn never_issued(&self) -> Error {
        self.sign_in_needed(
            "the access token of the sign-in has expired or was rejected, and the provider issued no refresh token; a \
             person has to sign in again",
        )
    }

    /// Returns the error for a grant that the server has ended, with the server's error code if there is one.
    pub(super) fn ended(&self, code: Option<&str>) -> Error {
        let code = code.map_or(String::new(), |code| format!(" ({code})"));
        let why = format!("the refresh token is used up or revoked{code}; a person has to sign in again");
        self.sign_in_needed(why)
    }

    /// Locks the memory. The guard is never held across an `await`.
    pub(super) fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        // No code under this lock can panic halfway through a change, so the value of a poisoned lock is whole.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn store_failed(error: StoreError) -> Error {
    Error::new(ErrorKind::Store, "the token store failed").with_source(error.into())
}
