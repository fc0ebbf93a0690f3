//! Redeems a refresh token: from the mark in the store to the outcome.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};

use super::claim::Claimed;
use super::loss::LossGuard;
use super::refresh::Refresh;
use super::terms::Terms;
use super::token_source::{IssuedToken, TokenRequest};
use crate::clock::sleep_if_there_is_a_timer;
use crate::endpoint::{Sending, TokenAnswer, TokenEndpoint};
use crate::error::{Error, ErrorKind};
use crate::profile::ReplayRule;
use crate::token::Scope;

/// The result of a refresh.
pub(crate) enum Redeemed {
    /// The server's answer.
    Answer(TokenAnswer),
    /// The access token of another holder of the store, which had redeemed the refresh token already.
    Adopted(IssuedToken),
}

impl Refresh {
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
}

/// Returns how a refresh token is sent. `Unknown` is sent once, because the first use may use it up.
const fn sending(rule: ReplayRule) -> Sending {
    match rule {
        ReplayRule::Reusable => Sending::Repeatable,
        ReplayRule::KillsFamily | ReplayRule::Grace(_) | ReplayRule::Unknown => Sending::Once,
    }
}
