//! Redeems a refresh token that others may hold too, and never loses the one that comes back.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;

use super::custody::{Custody, Flushed};
use super::loss::{Redemption, replays_freely};
use super::terms::Terms;
use super::token_source::{IssuedToken, TokenRequest};
use super::verdict::{has_refused, is_dead};

use crate::clock::{Clock, Now};
use crate::endpoint::{Failed, Recovered, Sending, TokenAnswer, TokenEndpoint};
use crate::error::{Error, ErrorKind, never_connected, was_refused};
use crate::profile::{ClientAuth, Profile, ReplayRule, TokenUrl};
use crate::store::{Entry, Label, Record, State, StoreError, StoreKey, TokenStore, Version};
use crate::token::{AccessToken, RefreshToken, Scope};

/// The refresh token of one identity, in its store.
#[derive(Debug)]
pub(crate) struct Refresh {
    pub(super) custody: Arc<Custody>,
    /// Where it starts, if the store has no record; `None` where only the store tells.
    initial: Option<RefreshToken>,
    pub(super) clock: Arc<dyn Clock>,
    label: Label,
    /// Where refresh tokens are sent, which is where the tokens of the next answer come from.
    token_url: TokenUrl,
    /// What a person has to do where a sign-in is needed.
    remedy: Option<String>,
    /// Tells our mark in the store from another's.
    pub(super) holder: String,
    memory: Mutex<Memory>,
    /// The warning that a stolen token would stay good is given once.
    warned: Once,
}

#[derive(Debug, Default)]
pub(super) struct Memory {
    /// The access token handed out last: the one that is no news.
    pub(super) last: Option<AccessToken>,
    /// The marked token was sent once by us, and its answer was lost.
    pub(super) lost: bool,
    /// How the answer to our last sending was lost. `None` if it was not, or if the exchange was dropped or panicked.
    pub(super) loss: Option<Error>,
    /// What the record was before our mark, as long as nothing was sent under it: whether the mark was written may be
    /// unknown.
    pub(super) unsent: Option<State>,
    /// Nothing under an earlier key waits to be marked as taken over, as far as this process is concerned.
    is_settled: bool,
    /// The sign-in that was tried last; `None` if there was none.
    pub(super) tried: Option<StoreKey>,
    /// The last call ended because a person has to sign in.
    pub(super) ended: bool,
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
        label: Label,
        token_url: TokenUrl,
        remedy: Option<String>,
    ) -> Self {
        let holder = format!("{:016x}", fastrand::u64(..));
        let custody = Arc::new(Custody::new(store, key, clock.clone()));
        let (memory, warned) = (Mutex::default(), Once::new());
        Self { custody, initial, clock, label, token_url, remedy, holder, memory, warned }
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
            let record = self.record().await.map_err(store_failed)?;
            self.note(record.as_ref());
            let Some(mut record) = record else {
                return Err(self.sign_in_needed("nobody has signed in yet"));
            };
            self.forget_unsent_mark(&mut record.entry);
            if record.entry.state != State::Ended {
                // What has ended is of no use anywhere, and its end says more than where it came from.
                let from = record.entry.token_url.as_ref();
                endpoint.profile().check_sign_in_from(from, self.remedy.as_deref())?;
            }
            match &record.entry.state {
                State::Ended => match self.newer_sign_in(&record.entry) {
                    Some(first) => {
                        let begun = self.custody.replace(Some(record.version), first).await;
                        begun.map_err(store_failed)?;
                        continue;
                    }
                    None if self.custody.take_over_newer(&record).await => continue,
                    None => return Err(self.ended(record.entry.last_error.as_deref())),
                },
                State::Redeeming { holder, lease } if *holder != self.holder && !lease.is_zero() => {
                    self.custody.wait(record.version, *lease).await.map_err(store_failed)?;
                    continue;
                }
                // The mark was left behind: its token may be used up.
                State::Redeeming { holder, .. } if !self.may_replay(rule, holder, &record.entry) => {
                    if self.custody.take_over_newer(&record).await {
                        continue;
                    }
                    return Err(self.answer_lost(endpoint.profile(), holder, &record.entry));
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
            let token = &record.entry.refresh_token;
            let grant = [("grant_type", "refresh_token"), ("refresh_token", token.expose())];
            let mut redemption = Redemption::new(self, record.entry.state == State::Idle);
            let leaving = || self.leaving();
            match endpoint.exchange_within(&grant, terms.deadline, sending(rule), &leaving).await {
                Ok(mut answer) => {
                    redemption.settled();
                    self.warn_unless_rotated(endpoint.profile(), token, &answer);
                    // What is not told is as it was granted before (RFC 6749 section 6).
                    answer.scope = answer.scope.or_else(|| record.entry.scope.clone());
                    self.save(version, &record.entry, &answer, required).await;
                    return Ok(Redeemed::Answer(answer));
                }
                Err(Failed { error, recovered: Some(recovered) })
                    if error.kind() != ErrorKind::Refused || recovered.is_new(token) =>
                {
                    redemption.settled();
                    // The server has answered the token, and what it said of the next one counts.
                    self.save_recovered(version, &record.entry, *recovered).await;
                    return Err(error);
                }
                Err(Failed { error, .. }) if is_dead(&error, endpoint.profile()) => {
                    let ended = self.believe(version, record.entry, error).await;
                    redemption.settled();
                    if let Some(error) = ended {
                        return Err(error);
                    }
                }
                Err(Failed { error, .. }) => {
                    // Where a replay may revoke, a token whose answer was lost stays marked.
                    let answered = has_refused(&error);
                    let unsent =
                        error.kind() == ErrorKind::Secret || never_connected(&error) || was_refused(&error);
                    if answered || unsent || replays_freely(rule) {
                        redemption.settled();
                        self.unmark(version, record.entry, rule).await;
                    } else {
                        redemption.lost(&error);
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

    /// Notes what is tried from here on.
    fn note(&self, record: Option<&Record>) {
        let mut memory = self.memory();
        memory.tried = record.map(|record| record.entry.sign_in.clone());
        memory.ended = false;
    }

    /// From here on the token may be used up.
    fn leaving(&self) {
        let mut memory = self.memory();
        (memory.unsent, memory.lost, memory.loss) = (None, false, None);
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

    /// Reads the record. Where there is none it takes over an earlier version's, or makes one if there is something to
    /// make it of.
    async fn record(&self) -> Result<Option<Record>, StoreError> {
        loop {
            if let Some(record) = self.custody.load().await? {
                // A process that was killed while it took a record over may have left the last write to us. One that was
                // killed while it replaced a record that had ended still has all its writes to come.
                let is_good = record.entry.state == State::Idle;
                if is_good && !std::mem::replace(&mut self.memory().is_settled, true) {
                    self.custody.settle_earlier().await;
                }
                return Ok(Some(record));
            }
            if self.custody.take_over(None).await? {
                continue;
            }
            let Some(initial) = self.initial.clone() else { return Ok(None) };
            self.custody.replace(None, self.first(initial)).await?;
        }
    }

    fn first(&self, initial: RefreshToken) -> Entry {
        Entry {
            label: Some(self.label.clone()),
            token_url: Some(self.token_url.clone()),
            ..Entry::new(initial)
        }
    }

    /// A public client's refresh token is to be replaced with each use (RFC 9700 section 2.2.2). Where it is not, and
    /// the profile does not say that this is the provider's way, somebody should know.
    fn warn_unless_rotated(&self, profile: &Profile, used: &RefreshToken, answer: &TokenAnswer) {
        let rotated = answer.refresh_token.as_ref().is_some_and(|new| new != used);
        let meant = profile.replay_rule() == ReplayRule::Reusable;
        if profile.facts().client_auth == ClientAuth::Public && !rotated && !meant {
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
            token_url: Some(self.token_url.clone()),
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

    pub(super) fn sign_in_needed(&self, why: impl Into<Cow<'static, str>>) -> Error {
        self.memory().ended = true;
        Error::new(ErrorKind::SignInAgain, why).with_remedy(self.remedy.clone())
    }

    pub(super) fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a refresh token is sent. One of which it is not known whether it is used up counts as one that is.
const fn sending(rule: ReplayRule) -> Sending {
    match rule {
        ReplayRule::Reusable => Sending::Repeatable,
        ReplayRule::KillsFamily | ReplayRule::Grace(_) | ReplayRule::Unknown => Sending::Once,
    }
}

fn store_failed(error: StoreError) -> Error {
    Error::new(ErrorKind::Store, "the token store failed").with_source(error.into())
}

fn store_too_slow() -> Error {
    Error::new(ErrorKind::Store, "the token store took so long to write that the refresh token was not sent")
}
