//! `Refresh`: one identity's refresh token, which other processes may hold too.
//!
//! A refresh is a token request between two writes to the store. `claim.rs` marks the record before the request, and
//! `settle.rs` writes the outcome over that mark.

use std::borrow::Cow;
use std::pin::pin;
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};

use super::claim::Claimed;
use super::custody::{Custody, Flushed};
use super::loss::LossGuard;
use super::terms::Terms;
use super::token_source::{IssuedToken, TokenRequest};
use crate::clock::{Clock, sleep_if_there_is_a_timer};
use crate::endpoint::{Sending, TokenAnswer, TokenEndpoint};
use crate::error::{Error, ErrorKind};
use crate::profile::{ReplayRule, TokenUrl};
use crate::store::{Label, State, StoreError, StoreKey, TokenStore};
use crate::token::{AccessToken, RefreshToken, Scope};

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
    one_at_a_time: tokio::sync::Mutex<()>,
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

/// The result of a refresh.
pub(crate) enum Redeemed {
    /// The server's answer.
    Answer(TokenAnswer),
    /// The access token of another holder of the store, which had redeemed the refresh token already.
    Adopted(IssuedToken),
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

    /// Gets an access token: from another process that has just redeemed the refresh token, or by redeeming it.
    ///
    /// 1. [`claim`](Self::claim) puts our mark on the record in the store.
    /// 2. The token request is sent.
    /// 3. [`settle`](Self::settle) writes the outcome over the mark.
    pub(crate) async fn redeem(
        &self,
        endpoint: &TokenEndpoint,
        request: &TokenRequest,
        required: Option<&Scope>,
    ) -> Result<Redeemed, Error> {
        let (profile, rule) = (endpoint.profile(), endpoint.profile().replay_rule());
        let terms = Terms::of(endpoint.timeout(), rule);
        // A manager starts one refresh at a time. An application may call the exchange itself, twice at once. Without
        // this lock the second call would take the mark of the first for one that a lost answer left behind.
        let _turn = self.turn(terms.lease.max(endpoint.timeout()).saturating_mul(2)).await?;
        loop {
            let claim = match self.claim(profile, &terms, request, required).await? {
                Claimed::Marked(claim) => claim,
                Claimed::Adopted(issued) => return Ok(Redeemed::Adopted(issued)),
            };
            // The guard must exist before the first byte is sent. This future may be dropped at the `await` below, with
            // its runtime or its last caller, or the transport may panic. The server may have used the token up by
            // then, and only the guard is left to note that the answer is lost.
            let guard = LossGuard::new(self, claim.is_first_use());
            // Called just before the first byte is sent. A drop before that loses nothing, so the guard ignores it.
            let leaving = || self.note_sending();
            let token = claim.entry.refresh_token.expose();
            let grant = [("grant_type", "refresh_token"), ("refresh_token", token)];
            let outcome = endpoint.exchange_within(&grant, terms.deadline, sending(rule), &leaving).await;
            // A kept member that this answer leaves out has its earlier value.
            let kept = &claim.entry.kept;
            let outcome = outcome.map(|mut answer| {
                kept.iter().for_each(|(name, value)| {
                    answer.kept.entry(name.clone()).or_insert_with(|| value.clone());
                });
                answer
            });
            if let Some(answer) = self.settle(claim, guard, outcome, profile, required).await? {
                return Ok(Redeemed::Answer(answer));
            }
            // The server refused the token, and the store has another one by now. That one is claimed next.
        }
    }

    /// Waits until no other call refreshes. The wait is limited, since a call that holds the lock and is not polled
    /// would never end.
    async fn turn(&self, limit: Duration) -> Result<tokio::sync::MutexGuard<'_, ()>, Error> {
        let too_late = pin!(sleep_if_there_is_a_timer(&*self.clock, limit));
        match select(pin!(self.one_at_a_time.lock()), too_late).await {
            Either::Left((turn, _)) => Ok(turn),
            Either::Right(((), _)) => {
                let problem = format!(
                    "another refresh of the same exchange has not ended within {limit:?}; see that each call is polled"
                );
                Err(Error::new(ErrorKind::Timeout, problem))
            }
        }
    }

    /// Notes that from here on the server may use the token up.
    fn note_sending(&self) {
        let mut memory = self.memory();
        (memory.before_unsent_mark, memory.answer_lost, memory.loss) = (None, false, None);
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

/// Returns how a refresh token is sent. `Unknown` is sent once, because the first use may use it up.
const fn sending(rule: ReplayRule) -> Sending {
    match rule {
        ReplayRule::Reusable => Sending::Repeatable,
        ReplayRule::KillsFamily | ReplayRule::Grace(_) | ReplayRule::Unknown => Sending::Once,
    }
}

pub(super) fn store_failed(error: StoreError) -> Error {
    Error::new(ErrorKind::Store, "the token store failed").with_source(error.into())
}
