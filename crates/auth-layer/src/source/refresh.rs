//! Redeems a refresh token that others may hold too, and never loses the one that comes back.

use std::pin::pin;
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;

use futures_util::future::select;

use super::token_source::{IssuedToken, TokenRequest};
use crate::clock::{Clock, Now};
use crate::endpoint::{TokenAnswer, TokenEndpoint};
use crate::error::{Error, ErrorKind};
use crate::leaf::never_connected;
use crate::profile::{ClientAuth, Profile, ReplayRule};
use crate::store::{Entry, Record, State, StoreError, StoreKey, TokenStore, Version};
use crate::token::{AccessToken, RefreshToken, Scope};

/// The refresh token of one identity, in its store.
#[derive(Debug)]
pub(crate) struct Refresh {
    store: Arc<dyn TokenStore>,
    key: StoreKey,
    /// Where it starts, if the store has no record; `None` where only the store tells.
    initial: Option<RefreshToken>,
    clock: Arc<dyn Clock>,
    /// Tells our mark in the store from another's.
    holder: String,
    memory: Mutex<Memory>,
    /// The warning that a stolen token would stay good is given once.
    warned: Once,
}

#[derive(Debug, Default)]
struct Memory {
    /// The access token handed out last: the one that is no news.
    last: Option<AccessToken>,
    /// When the marked token was sent, if it was sent once and its answer was lost.
    lost: Option<Now>,
    /// What came from the server and could not be written.
    unsaved: Option<(Version, Entry)>,
}

/// What came of redeeming.
pub(crate) enum Redeemed {
    /// The server answered.
    Answer(TokenAnswer),
    /// Another holder of the store had redeemed already; this is what it got.
    Adopted(IssuedToken),
}

impl Refresh {
    pub(crate) fn new(
        store: Arc<dyn TokenStore>,
        key: StoreKey,
        initial: Option<RefreshToken>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let holder = format!("{:016x}", fastrand::u64(..));
        Self { store, key, initial, clock, holder, memory: Mutex::default(), warned: Once::new() }
    }

    pub(crate) const fn key(&self) -> &StoreKey {
        &self.key
    }

    /// Gets an access token: another holder's if it has just redeemed, else by redeeming.
    pub(crate) async fn redeem(
        &self,
        endpoint: &TokenEndpoint,
        request: &TokenRequest,
        required: Option<&Scope>,
    ) -> Result<Redeemed, Error> {
        let rule = endpoint.profile().replay_rule();
        // The mark outlives the longest token call, so that nobody takes it for abandoned.
        let lease = endpoint.timeout() * 2;
        loop {
            self.flush().await.map_err(store_failed)?;
            let Some(record) = self.record().await.map_err(store_failed)? else {
                return Err(nobody_signed_in());
            };
            match &record.entry.state {
                State::Ended => match self.newer_sign_in(&record.entry) {
                    Some(first) => {
                        let begun = self.store.compare_exchange(&self.key, Some(record.version), first).await;
                        begun.map_err(store_failed)?;
                        continue;
                    }
                    None => return Err(ended(record.entry.last_error.as_deref())),
                },
                State::Redeeming { holder, lease } if *holder != self.holder && !lease.is_zero() => {
                    self.wait(record.version, *lease).await.map_err(store_failed)?;
                    continue;
                }
                // The mark was left behind: its token may be used up.
                State::Redeeming { .. } if !self.may_replay(rule) => return Err(ended(None)),
                State::Redeeming { .. } | State::Idle => {}
            }
            if let Some(issued) = self.adopt(&record.entry, request) {
                return Ok(Redeemed::Adopted(issued));
            }
            let state = State::Redeeming { holder: self.holder.clone(), lease };
            let marked = Entry { state, ..record.entry.clone() };
            let written = self.store.compare_exchange(&self.key, Some(record.version), marked).await;
            let Some(version) = written.map_err(store_failed)? else { continue };

            let token = &record.entry.refresh_token;
            let grant = [("grant_type", "refresh_token"), ("refresh_token", token.expose())];
            let sent = self.clock.now();
            match endpoint.exchange(&grant).await {
                Ok(answer) => {
                    self.warn_unless_rotated(endpoint.profile(), token, &answer);
                    self.save(version, &record.entry, &answer, required).await;
                    return Ok(Redeemed::Answer(answer));
                }
                Err(error) if is_dead(&error) => {
                    if let Some(error) = self.believe(version, record.entry, error).await {
                        return Err(error);
                    }
                }
                Err(error) => {
                    // Where a replay may revoke, a token whose answer was lost stays marked.
                    let answered = error.kind() == ErrorKind::Refused;
                    let unsent = error.kind() == ErrorKind::Secret || never_connected(&error);
                    if answered || unsent || replays_freely(rule) {
                        self.write(version, Entry { state: State::Idle, ..record.entry }).await;
                    } else if record.entry.state == State::Idle {
                        self.memory().lost = Some(sent);
                    }
                    return Err(error);
                }
            }
        }
    }

    /// The refresh token of a sign-in since the grant ended, if this holder was given one.
    fn newer_sign_in(&self, ended: &Entry) -> Option<Entry> {
        let first = Entry::new(self.initial.clone()?);
        (ended.sign_in != first.sign_in).then_some(first)
    }

    /// Whether a token that may be used up may be sent again. In a grace period it may, once.
    fn may_replay(&self, rule: ReplayRule) -> bool {
        match rule {
            ReplayRule::Grace(grace) => {
                let lost = self.memory().lost.take();
                lost.is_some_and(|sent| !self.clock.now().reached(sent + grace))
            }
            _ => replays_freely(rule),
        }
    }

    /// Reads the record, and makes it if there is none yet and there is something to make it of.
    async fn record(&self) -> Result<Option<Record>, StoreError> {
        loop {
            if let Some(record) = self.store.load(&self.key).await? {
                return Ok(Some(record));
            }
            let Some(initial) = self.initial.clone() else { return Ok(None) };
            self.store.compare_exchange(&self.key, None, Entry::new(initial)).await?;
        }
    }

    /// Takes over what another holder got, if it is news and lives on for a while.
    fn adopt(&self, entry: &Entry, request: &TokenRequest) -> Option<IssuedToken> {
        let (token, hard) = (entry.access_token.as_ref()?, entry.hard?);
        let now = self.clock.now();
        let left = hard.saturating_sub(now.wall());
        let mut memory = self.memory();
        if entry.state != State::Idle
            || left < WORTH_ADOPTING
            || memory.last.as_ref() == Some(token)
            || request.rejected() == Some(token)
        {
            return None;
        }
        memory.last = Some(token.clone());
        Some(IssuedToken::new(token.clone(), now, left))
    }

    /// A public client's refresh token is to be replaced with each use (RFC 9700 section 2.2.2). Where it is not, and
    /// the profile does not say that this is the provider's way, somebody should know.
    fn warn_unless_rotated(&self, profile: &Profile, used: &RefreshToken, answer: &TokenAnswer) {
        let rotated = answer.refresh_token.as_ref().is_some_and(|new| new != used);
        let meant = profile.replay_rule() == ReplayRule::Reusable;
        if profile.client_auth == ClientAuth::Public && !rotated && !meant {
            self.warned.call_once(|| {
                tracing::warn!(
                    provider = profile.name(),
                    "a public client's refresh token was not replaced, and stays good for whoever steals it"
                );
            });
        }
    }

    /// Writes what the server handed out, before anybody sees the access token. One that lacks a required scope is
    /// left out: nobody is to take it over.
    async fn save(&self, version: Version, old: &Entry, answer: &TokenAnswer, required: Option<&Scope>) {
        let refresh_token = answer.refresh_token.as_ref().unwrap_or(&old.refresh_token).clone();
        let mut entry = Entry { sign_in: old.sign_in.clone(), ..Entry::new(refresh_token) };
        let usable = !required.is_some_and(|required| answer.lacks(required));
        entry.access_token = usable.then(|| answer.access_token.clone());
        entry.hard = Some((answer.sent + answer.lifetime).wall());
        self.memory().last = Some(answer.access_token.clone());
        self.write(version, entry).await;
    }

    /// Writes an entry over our mark. What cannot be written is kept, and written before the next exchange.
    async fn write(&self, version: Version, entry: Entry) {
        if let Err(error) = self.store.compare_exchange(&self.key, Some(version), entry.clone()).await {
            tracing::warn!(%error, "the token store failed; the refresh token is kept in memory");
            self.memory().unsaved = Some((version, entry));
        }
    }

    async fn flush(&self) -> Result<(), StoreError> {
        let unsaved = self.memory().unsaved.clone();
        if let Some((version, entry)) = unsaved {
            self.store.compare_exchange(&self.key, Some(version), entry).await?;
            self.memory().unsaved = None;
        }
        Ok(())
    }

    /// The server calls the token dead. That is believed only if the store still holds the same one; if it
    /// holds another, `None` says to go on with that.
    async fn believe(&self, version: Version, entry: Entry, error: Error) -> Option<Error> {
        match self.store.load(&self.key).await {
            Ok(Some(record)) if record.entry.refresh_token != entry.refresh_token => None,
            Err(error) => Some(store_failed(error)),
            Ok(_) => {
                let code = error.oauth().map(|oauth| oauth.code().to_owned());
                let ended_entry = Entry { state: State::Ended, last_error: code.clone(), ..entry };
                self.write(version, ended_entry).await;
                Some(ended(code.as_deref()).with_source(error.into()))
            }
        }
    }

    async fn wait(&self, seen: Version, lease: Duration) -> Result<(), StoreError> {
        let changed = pin!(self.store.changed(&self.key, seen));
        match select(changed, self.clock.sleep(lease)).await {
            futures_util::future::Either::Left((result, _)) => result,
            futures_util::future::Either::Right(((), _)) => Ok(()),
        }
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a second use of a token does no harm, as far as anybody knows.
const fn replays_freely(rule: ReplayRule) -> bool {
    matches!(rule, ReplayRule::Reusable | ReplayRule::Unknown)
}

/// Whether the server calls the grant itself dead (RFC 6749 section 5.2). A server in trouble is not
/// believed, whatever it says.
fn is_dead(error: &Error) -> bool {
    !error.is_transient() && error.oauth().is_some_and(|oauth| oauth.code() == "invalid_grant")
}

fn ended(code: Option<&str>) -> Error {
    let code = code.map_or(String::new(), |code| format!(" ({code})"));
    let message = format!("the refresh token is used up or revoked{code}; a person has to sign in again");
    Error::new(ErrorKind::SignInAgain, message)
}

fn nobody_signed_in() -> Error {
    Error::new(ErrorKind::SignInAgain, "the store has no refresh token; a person has to sign in")
}

fn store_failed(error: StoreError) -> Error {
    Error::new(ErrorKind::Store, "the token store failed").with_source(error.into())
}

/// An access token with less left is not worth taking over.
const WORTH_ADOPTING: Duration = Duration::from_secs(30);
