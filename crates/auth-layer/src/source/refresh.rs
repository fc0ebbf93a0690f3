//! Redeems a refresh token that others may hold too, and never loses the one that comes back.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;

use super::custody::{Custody, Flushed};
use super::token_source::{IssuedToken, TokenRequest};
use super::verdict::{has_refused, is_dead};

use crate::clock::{Clock, Now};
use crate::endpoint::{Failed, Recovered, TokenAnswer, TokenEndpoint};
use crate::error::{Error, ErrorKind};
use crate::leaf::never_connected;
use crate::profile::{ClientAuth, Profile, ReplayRule};
use crate::store::{Entry, Label, Record, State, StoreError, StoreKey, TokenStore, Version};
use crate::token::{AccessToken, RefreshToken, Scope};

/// The refresh token of one identity, in its store.
#[derive(Debug)]
pub(crate) struct Refresh {
    custody: Arc<Custody>,
    /// Where it starts, if the store has no record; `None` where only the store tells.
    initial: Option<RefreshToken>,
    clock: Arc<dyn Clock>,
    label: Label,
    /// What a person has to do where a sign-in is needed.
    remedy: Option<String>,
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
    /// The marked token was sent once by us, and its answer was lost.
    lost: bool,
    /// What the record was before our mark, as long as nothing was sent under it: whether the mark was written may be
    /// unknown.
    unsent: Option<State>,
}

/// What came of redeeming.
pub(crate) enum Redeemed {
    /// The server answered.
    Answer(TokenAnswer),
    /// Another holder of the store had redeemed already; this is what it got.
    Adopted(IssuedToken),
}

/// How long a mark counts, and how long the call under it may take.
struct Terms {
    lease: Duration,
    deadline: Duration,
    /// How long the mark may take to be written; a call that begins later could outlive the lease.
    slack: Duration,
}

impl Refresh {
    pub(crate) fn new(
        store: Arc<dyn TokenStore>,
        key: StoreKey,
        initial: Option<RefreshToken>,
        clock: Arc<dyn Clock>,
        label: Label,
        remedy: Option<String>,
    ) -> Self {
        let holder = format!("{:016x}", fastrand::u64(..));
        let custody = Arc::new(Custody::new(store, key, clock.clone()));
        let (memory, warned) = (Mutex::default(), Once::new());
        Self { custody, initial, clock, label, remedy, holder, memory, warned }
    }

    pub(crate) fn key(&self) -> &StoreKey {
        self.custody.key()
    }

    /// Writes what the store could not take before.
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

    /// Gets an access token: another holder's if it has just redeemed, else by redeeming.
    pub(crate) async fn redeem(
        &self,
        endpoint: &TokenEndpoint,
        request: &TokenRequest,
        required: Option<&Scope>,
    ) -> Result<Redeemed, Error> {
        let rule = endpoint.profile().replay_rule();
        let terms = Terms::of(endpoint.timeout(), rule);
        loop {
            // What we have used up ourselves is not sent again, whatever the store says of it.
            if let Flushed::Waiting(version, lease) = self.custody.flush().await.map_err(store_failed)? {
                self.custody.wait(version, lease).await.map_err(store_failed)?;
                continue;
            }
            let Some(mut record) = self.record().await.map_err(store_failed)? else {
                return Err(self.sign_in_needed("nobody has signed in yet"));
            };
            self.forget_unsent_mark(&mut record.entry);
            match &record.entry.state {
                State::Ended => match self.newer_sign_in(&record.entry) {
                    Some(first) => {
                        let begun = self.custody.replace(Some(record.version), first).await;
                        begun.map_err(store_failed)?;
                        continue;
                    }
                    None => return Err(self.ended(record.entry.last_error.as_deref())),
                },
                State::Redeeming { holder, lease } if *holder != self.holder && !lease.is_zero() => {
                    self.custody.wait(record.version, *lease).await.map_err(store_failed)?;
                    continue;
                }
                // The mark was left behind: its token may be used up.
                State::Redeeming { holder, .. } if !self.may_replay(rule, holder, &record.entry) => {
                    return Err(self.ended(None));
                }
                State::Redeeming { .. } | State::Idle => {}
            }
            if let Some(issued) = self.adopt(&record.entry, request, required) {
                return Ok(Redeemed::Adopted(issued));
            }
            let begun = self.clock.now();
            let Some(version) = self.mark(&record, &terms, begun).await.map_err(store_failed)? else {
                continue;
            };
            if self.clock.now().reached(begun + terms.slack) {
                // Too little of the lease is left for the call: another holder might take the mark for abandoned.
                self.unmark(version, record.entry, rule).await;
                return Err(store_too_slow());
            }
            self.sending();
            let token = &record.entry.refresh_token;
            let grant = [("grant_type", "refresh_token"), ("refresh_token", token.expose())];
            match endpoint.exchange_within(&grant, terms.deadline).await {
                Ok(mut answer) => {
                    self.warn_unless_rotated(endpoint.profile(), token, &answer);
                    // What is not told is as it was granted before (RFC 6749 section 6).
                    answer.scope = answer.scope.or_else(|| record.entry.scope.clone());
                    self.save(version, &record.entry, &answer, required).await;
                    return Ok(Redeemed::Answer(answer));
                }
                Err(Failed { error, recovered: Some(recovered) })
                    if error.kind() != ErrorKind::Refused || recovered.is_new(token) =>
                {
                    // The server has answered the token, and what it said of the next one counts.
                    self.save_recovered(version, &record.entry, *recovered).await;
                    return Err(error);
                }
                Err(Failed { error, .. }) if is_dead(&error, endpoint.profile()) => {
                    if let Some(error) = self.believe(version, record.entry, error).await {
                        return Err(error);
                    }
                }
                Err(Failed { error, .. }) => {
                    // Where a replay may revoke, a token whose answer was lost stays marked.
                    let answered = has_refused(&error);
                    let unsent = error.kind() == ErrorKind::Secret || never_connected(&error);
                    if answered || unsent || replays_freely(rule) {
                        self.unmark(version, record.entry, rule).await;
                    } else if record.entry.state == State::Idle {
                        self.memory().lost = true;
                    }
                    return Err(error);
                }
            }
        }
    }

    /// Says in the store that the token is on its way, before it is. A token that is sent a second time keeps the time
    /// of the first, from which a grace period counts.
    async fn mark(&self, record: &Record, terms: &Terms, now: Now) -> Result<Option<Version>, StoreError> {
        let again = matches!(record.entry.state, State::Redeeming { .. });
        let redeemed = if again { record.entry.redeemed } else { Some(now.wall()) };
        self.memory().unsent = Some(record.entry.state.clone());
        let state = State::Redeeming { holder: self.holder.clone(), lease: terms.lease };
        let marked = Entry { state, redeemed, ..record.entry.clone() };
        self.custody.replace(Some(record.version), marked).await
    }

    /// Reads our own mark as what stood there before it, if nothing was sent under it.
    fn forget_unsent_mark(&self, entry: &mut Entry) {
        if let (State::Redeeming { holder, .. }, Some(before)) = (&entry.state, &self.memory().unsent)
            && *holder == self.holder
        {
            entry.state = before.clone();
        }
    }

    /// From here on the token may be used up.
    fn sending(&self) {
        let mut memory = self.memory();
        (memory.unsent, memory.lost) = (None, false);
    }

    /// Takes the mark back: the token is as good as it was. One that had been left behind may still be used up.
    async fn unmark(&self, version: Version, mut entry: Entry, rule: ReplayRule) {
        match &mut entry.state {
            State::Redeeming { holder, lease } if !replays_freely(rule) => {
                *lease = Duration::ZERO;
                self.memory().lost = *holder == self.holder;
            }
            state => *state = State::Idle,
        }
        self.memory().unsent = None;
        self.custody.take_back(version, entry).await;
    }

    /// The refresh token of a sign-in since the grant ended, if this holder was given one.
    fn newer_sign_in(&self, ended: &Entry) -> Option<Entry> {
        let first = self.first(self.initial.clone()?);
        (ended.sign_in != first.sign_in).then_some(first)
    }

    /// Whether a token that may be used up may be sent again. In a grace period it may: once by the one who lost its
    /// answer, and once more by each who finds the mark of one that is gone.
    fn may_replay(&self, rule: ReplayRule, holder: &str, marked: &Entry) -> bool {
        let ReplayRule::Grace(grace) = rule else { return replays_freely(rule) };
        let ours_again = *holder == *self.holder && !self.memory().lost;
        let ends = marked.redeemed.map(|sent| sent.saturating_add(grace));
        !ours_again && ends.is_some_and(|ends| self.clock.now().wall() < ends)
    }

    /// Reads the record, and makes it if there is none yet and there is something to make it of.
    async fn record(&self) -> Result<Option<Record>, StoreError> {
        loop {
            if let Some(record) = self.custody.load().await? {
                return Ok(Some(record));
            }
            let Some(initial) = self.initial.clone() else { return Ok(None) };
            self.custody.replace(None, self.first(initial)).await?;
        }
    }

    fn first(&self, initial: RefreshToken) -> Entry {
        Entry { label: Some(self.label.clone()), ..Entry::new(initial) }
    }

    /// Takes over what another holder got, if it is news, may do what is required and lives on for a while.
    fn adopt(&self, entry: &Entry, request: &TokenRequest, required: Option<&Scope>) -> Option<IssuedToken> {
        let (token, hard) = (entry.access_token.as_ref()?, entry.hard?);
        let now = self.clock.now();
        let left = hard.saturating_sub(now.wall());
        let mut memory = self.memory();
        if entry.state != State::Idle
            || left < WORTH_ADOPTING
            || memory.last.as_ref() == Some(token)
            || request.rejected() == Some(token)
            || required
                .is_some_and(|required| entry.scope.as_ref().is_some_and(|scope| !scope.covers(required)))
        {
            return None;
        }
        memory.last = Some(token.clone());
        let issued = IssuedToken::new(token.clone(), now, left);
        Some(match &entry.scope {
            Some(scope) => issued.with_scope(scope.clone()),
            None => issued,
        })
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
        let old = old.clone();
        let used = old.refresh_token.clone();
        let new = answer.refresh_token.clone().filter(|new| *new != used);
        let usable = !required.is_some_and(|required| answer.lacks(required));
        let entry = Entry {
            state: State::Idle,
            access_token: usable.then(|| answer.access_token.clone()),
            hard: Some((answer.sent + answer.lifetime).wall()),
            last_error: None,
            scope: answer.scope.clone().or(old.scope),
            account: answer.account.clone().or(old.account),
            obtained: if new.is_some() { Some(answer.sent.wall()) } else { old.obtained },
            redeemed: Some(answer.sent.wall()),
            label: Some(self.label.clone()),
            refresh_token: new.unwrap_or(old.refresh_token),
            sign_in: old.sign_in,
        };
        self.memory().last = Some(answer.access_token.clone());
        self.custody.write(version, entry, &used).await;
    }

    /// Writes the refresh token that came in an answer without a usable access token. There is no access token then, not
    /// even the old one: the server may have ended it.
    async fn save_recovered(&self, version: Version, old: &Entry, recovered: Recovered) {
        let used = &old.refresh_token;
        let is_new = recovered.is_new(used);
        let entry = Entry {
            state: State::Idle,
            access_token: None,
            hard: None,
            last_error: None,
            scope: recovered.scope.or_else(|| old.scope.clone()),
            account: recovered.account.or_else(|| old.account.clone()),
            obtained: if is_new { Some(recovered.sent.wall()) } else { old.obtained },
            redeemed: Some(recovered.sent.wall()),
            label: Some(self.label.clone()),
            refresh_token: recovered.refresh_token.unwrap_or_else(|| used.clone()),
            ..old.clone()
        };
        self.custody.write(version, entry, used).await;
    }

    /// The server calls the token dead. That is believed only if the store still holds the same one; if it
    /// holds another, `None` says to go on with that.
    async fn believe(&self, version: Version, entry: Entry, error: Error) -> Option<Error> {
        match self.custody.load().await {
            Ok(Some(record)) if record.entry.refresh_token != entry.refresh_token => None,
            Err(error) => Some(store_failed(error)),
            Ok(_) => {
                let code = error.oauth().map(|oauth| oauth.code().to_owned());
                let ended_entry = Entry { state: State::Ended, last_error: code.clone(), ..entry };
                self.custody.take_back(version, ended_entry).await;
                Some(self.ended(code.as_deref()).with_source(error.into()))
            }
        }
    }

    fn ended(&self, code: Option<&str>) -> Error {
        let code = code.map_or(String::new(), |code| format!(" ({code})"));
        let why = format!("the refresh token is used up or revoked{code}; a person has to sign in again");
        self.sign_in_needed(why)
    }

    fn sign_in_needed(&self, why: impl Into<Cow<'static, str>>) -> Error {
        Error::new(ErrorKind::SignInAgain, why).with_remedy(self.remedy.clone())
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Terms {
    /// The mark outlives the call, so that nobody takes it for abandoned. Where a token that is left behind may be sent
    /// again for a while only, it is abandoned early enough for that; and where it may always be, nobody waits long.
    fn of(timeout: Duration, rule: ReplayRule) -> Self {
        let twice = timeout.saturating_mul(2);
        let lease = match rule {
            ReplayRule::Reusable => {
                return Self { lease: twice.min(SHORT_LEASE), deadline: timeout, slack: Duration::MAX };
            }
            ReplayRule::Grace(grace) if !grace.is_zero() => twice.min(grace / 2),
            ReplayRule::Grace(_) | ReplayRule::KillsFamily | ReplayRule::Unknown => twice,
        };
        Self { lease, deadline: lease / 2, slack: lease / 2 }
    }
}

/// Whether a second use of a token does no harm, as far as anybody knows.
const fn replays_freely(rule: ReplayRule) -> bool {
    matches!(rule, ReplayRule::Reusable | ReplayRule::Unknown)
}

fn store_failed(error: StoreError) -> Error {
    Error::new(ErrorKind::Store, "the token store failed").with_source(error.into())
}

fn store_too_slow() -> Error {
    Error::new(ErrorKind::Store, "the token store took so long to write that the refresh token was not sent")
}

/// Who comes after a crash waits no longer than this, where waiting saves an exchange and no more.
const SHORT_LEASE: Duration = Duration::from_secs(10);

/// An access token with less left is not worth taking over.
const WORTH_ADOPTING: Duration = Duration::from_secs(30);
