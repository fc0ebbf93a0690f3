//! The last step of a refresh: the outcome of the token request, written over our mark.

use std::time::Duration;

use super::claim::Claim;
use super::loss::{LossGuard, replays_freely};
use super::refresh::{Refresh, store_failed};
use super::verdict::{has_refused, is_dead};
use crate::endpoint::{Failed, Recovered, TokenAnswer};
use crate::error::{Error, ErrorKind, never_connected, was_refused};
use crate::profile::{ClientAuth, Profile, ReplayRule};
use crate::store::{Entry, State, Version};
use crate::token::{RefreshToken, Scope};

impl Refresh {
    /// Writes the outcome of the token request over our mark.
    ///
    /// | outcome | written to the record |
    /// | --- | --- |
    /// | an access token | the new tokens; the mark is gone |
    /// | no usable access token, but the next refresh token is known | that refresh token; the mark is gone |
    /// | the server says that the grant has ended | `Ended`, unless the store has another refresh token by now |
    /// | refused, or never sent, or a second use does no harm | the entry as it was before the mark |
    /// | the answer is lost | nothing: the mark stays |
    ///
    /// Returns `None` if the store has another refresh token than the one that was refused. The caller claims that one.
    pub(super) async fn settle(
        &self,
        claim: Claim,
        mut guard: LossGuard<'_>,
        outcome: Result<TokenAnswer, Failed>,
        profile: &Profile,
        required: Option<&Scope>,
    ) -> Result<Option<TokenAnswer>, Error> {
        let rule = profile.replay_rule();
        let Claim { version, entry } = claim;
        match outcome {
            Ok(mut answer) => {
                // There is no `await` from here to the line in `save` that gives the entry to `custody`. If this future
                // is dropped after that line, the next call or `flush` still writes the entry. The guard is done.
                guard.disarm();
                self.warn_unless_rotated(profile, &entry.refresh_token, &answer);
                // A scope that the answer leaves out is the one that was granted before (RFC 6749 section 6).
                answer.scope = answer.scope.or_else(|| entry.scope.clone());
                // A failed write loses nothing: `custody` keeps the entry in memory and tries again. The caller gets
                // the access token all the same, because the server has issued it already.
                self.save(version, &entry, &answer, required).await;
                Ok(Some(answer))
            }
            Err(Failed { error, recovered: Some(recovered) })
                if error.kind() != ErrorKind::Refused || recovered.is_new(&entry.refresh_token) =>
            {
                guard.disarm();
                // The server has answered, and its word about the next refresh token counts.
                self.save_recovered(version, &entry, *recovered).await;
                Err(error)
            }
            Err(Failed { error, .. }) if is_dead(&error, profile) => {
                let ended = self.believe(version, entry, error, rule).await;
                // Disarmed only after `believe`, because `believe` reads the store first. A drop during that read
                // leaves our mark, and the guard must then note that the token was sent.
                guard.disarm();
                ended.map_or(Ok(None), Err)
            }
            Err(Failed { error, .. }) => {
                let answered = has_refused(&error);
                let unsent =
                    error.kind() == ErrorKind::Secret || never_connected(&error) || was_refused(&error);
                if answered || unsent || replays_freely(rule) {
                    guard.disarm();
                    self.unmark(version, entry, rule).await;
                } else {
                    // The token may be used up, and a second use may revoke the grant. The mark stays, so that neither
                    // this process nor another one sends the token again without asking the replay rule.
                    guard.lost(&error);
                }
                Err(error)
            }
        }
    }

    /// Writes the entry as it was before the mark.
    ///
    /// Call this if the request used nothing up, or if a second use does no harm. If our mark replaced one that was
    /// left behind, the call under that older mark may have used the token up. Such a mark is kept, with a lease of
    /// zero, so that no process waits for it.
    pub(super) async fn unmark(&self, version: Version, mut entry: Entry, rule: ReplayRule) {
        match &mut entry.state {
            State::Redeeming { holder, lease } if !replays_freely(rule) => {
                *lease = Duration::ZERO;
                self.memory().answer_lost = *holder == self.holder;
            }
            state => *state = State::Idle,
        }
        self.memory().before_unsent_mark = None;
        self.custody.take_back(version, entry).await;
    }

    /// Writes the new tokens before any caller sees the access token. A caller that used it first could crash, and the
    /// new refresh token would be lost.
    async fn save(&self, version: Version, old: &Entry, answer: &TokenAnswer, required: Option<&Scope>) {
        let old = old.clone();
        let used = old.refresh_token.clone();
        let new = answer.refresh_token.clone().filter(|new| *new != used);
        // Other processes must not use an access token that lacks a required scope, so it is left out.
        let usable = !required.is_some_and(|required| answer.lacks(required));
        let entry = Entry {
            state: State::Idle,
            access_token: usable.then(|| answer.access_token.clone()),
            hard: Some((answer.sent + answer.lifetime).wall()),
            last_error: None,
            scope: answer.scope.clone().or(old.scope),
            account: answer.account.clone().or(old.account),
            kept: answer.kept.clone(),
            refresh_token_expires: match answer.refresh_token_lifetime {
                Some(lifetime) => Some((answer.sent + lifetime).wall()),
                None if new.is_some() => None,
                None => old.refresh_token_expires,
            },
            obtained: if new.is_some() { Some(answer.sent.wall()) } else { old.obtained },
            redeemed: Some(answer.sent.wall()),
            label: Some(self.label.clone()),
            refresh_token: new.unwrap_or(old.refresh_token),
            sign_in: old.sign_in,
            token_url: Some(self.token_url.clone()),
        };
        self.memory().last_issued = Some(answer.access_token.clone());
        self.custody.write(version, entry, &used).await;
    }

    /// Writes the refresh token of an answer without a usable access token. The old access token is left out too: the
    /// server may have ended it.
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

    /// Marks the grant as ended, because the server says so. Returns the error for the caller.
    ///
    /// The store is read first: another process may have redeemed the token meanwhile, and the server then refuses ours
    /// although the grant lives on. `None` means that the store has another refresh token.
    async fn believe(&self, version: Version, entry: Entry, error: Error, rule: ReplayRule) -> Option<Error> {
        match self.custody.load().await {
            Ok(Some(record)) if record.entry.refresh_token != entry.refresh_token => None,
            Err(error) => {
                // The next call decides whether the grant has ended. A mark that stays would make that call believe
                // that an answer was lost. The server refused the token, so this request has used nothing up.
                self.unmark(version, entry, rule).await;
                Some(store_failed(error))
            }
            // If the record was removed meanwhile (`Ok(None)`), `take_back` does not bring it back: our version is
            // gone.
            Ok(_) => {
                let code = error.oauth().map(|oauth| oauth.code().to_owned());
                let ended_entry = Entry { state: State::Ended, last_error: code.clone(), ..entry };
                self.custody.take_back(version, ended_entry).await;
                Some(self.ended(code.as_deref()).with_source(error.into()))
            }
        }
    }

    /// Warns once if a public client's refresh token was not replaced. It should be replaced by each use (RFC 9700
    /// section 2.2.2), unless the profile says that this provider keeps it.
    fn warn_unless_rotated(&self, profile: &Profile, used: &RefreshToken, answer: &TokenAnswer) {
        let rotated = answer.refresh_token.as_ref().is_some_and(|new| new != used);
        let meant = profile.replay_rule() == ReplayRule::Reusable;
        if profile.facts().client_auth == ClientAuth::Public && !rotated && !meant {
            self.warned.call_once(|| {
                tracing::warn!(
                    provider = profile.name(),
                    "a public client's refresh token was not replaced by its use; a thief could use it until it expires"
                );
            });
        }
    }
}
