//! An answer that was lost: how that is noticed, whether its refresh token is sent again, and what an error says of it.

use std::borrow::Cow;
use std::time::Duration;

use super::refresh::Refresh;
use crate::error::{Error, ErrorKind};
use crate::profile::{Profile, ReplayRule};
use crate::store::Entry;

/// One sending of a refresh token. Its answer counts as lost unless [`settled`](Self::settled) is called: the future that
/// waits for it may be dropped with its runtime or its last caller, or end in a panic of the transport.
pub(super) struct Redemption<'a> {
    refresh: &'a Refresh,
    /// The token was not marked before, so that this is the first time it is sent.
    is_first: bool,
    is_settled: bool,
}

impl<'a> Redemption<'a> {
    /// Begins one. Nothing has left yet.
    pub(super) const fn new(refresh: &'a Refresh, is_first: bool) -> Self {
        Self { refresh, is_first, is_settled: false }
    }

    /// Says that the fate of the token is known.
    pub(super) const fn settled(&mut self) {
        self.is_settled = true;
    }

    /// The answer was lost, and this says how.
    pub(super) fn lost(self, error: &Error) {
        self.refresh.memory().loss = Some(error.clone());
    }
}

impl Drop for Redemption<'_> {
    fn drop(&mut self) {
        let mut memory = self.refresh.memory();
        // As long as nothing has left, the token is as good as it was, and its mark is known to mean nothing.
        if !self.is_settled && memory.unsent.is_none() {
            memory.lost = self.is_first;
        }
    }
}

impl Refresh {
    /// Whether a token that may be used up may be sent again. In a grace period it may: once by the one who lost its
    /// answer, and once more by each who finds the mark of one that is gone.
    pub(super) fn may_replay(&self, rule: ReplayRule, holder: &str, marked: &Entry) -> bool {
        let ReplayRule::Grace(grace) = rule else { return replays_freely(rule) };
        let ours_again = *holder == *self.holder && !self.memory().lost;
        !ours_again && !self.is_over(grace, marked)
    }

    /// The error for a token that is not sent again. It says that the answer was lost and not that the token is dead,
    /// which no server has said.
    pub(super) fn answer_lost(&self, profile: &Profile, holder: &str, marked: &Entry) -> Error {
        // Another holder's reasons are not in its mark.
        let is_ours = *holder == *self.holder;
        let loss = self.memory().loss.clone().filter(|_| is_ours);
        let how = match &loss {
            Some(loss) => format!(" ({})", how(loss)),
            None if is_ours => " (the exchange was cut off)".to_owned(),
            None => String::new(),
        };
        let provider = profile.name();
        let because = match profile.replay_rule() {
            ReplayRule::Grace(grace) if grace.is_zero() => format!("{provider} accepts it once"),
            ReplayRule::Grace(grace) if self.is_over(grace, marked) => {
                format!("{provider} accepts it a second time within {grace:?} only")
            }
            ReplayRule::Grace(_) => "it has been sent twice".to_owned(),
            _ => format!("{provider} revokes it when it is used twice"),
        };
        let error = self.sign_in_needed(format!(
            "the answer to the refresh was lost{how}, and the refresh token is not sent again because {because}; \
             a person has to sign in again"
        ));
        match loss {
            Some(loss) => error.with_source(loss.into()),
            None => error,
        }
    }

    /// Whether the grace period of a token is over. It counts from the first sending, which the mark tells.
    fn is_over(&self, grace: Duration, marked: &Entry) -> bool {
        let ends = marked.redeemed.map(|sent| sent.saturating_add(grace));
        ends.is_none_or(|ends| ends <= self.clock.now().wall())
    }
}

/// Whether a second use of a token does no harm, as far as anybody knows.
pub(super) const fn replays_freely(rule: ReplayRule) -> bool {
    matches!(rule, ReplayRule::Reusable | ReplayRule::Unknown)
}

/// How an answer was lost, in a few words.
fn how(loss: &Error) -> Cow<'static, str> {
    match (loss.status(), loss.kind()) {
        (Some(status), _) if status.is_success() => {
            format!("HTTP {} without a usable token", status.as_u16()).into()
        }
        (Some(status), _) => format!("HTTP {}", status.as_u16()).into(),
        (None, ErrorKind::Timeout) => "it did not come in time".into(),
        (None, ErrorKind::Transport) => "the connection broke".into(),
        (None, _) => "it could not be read".into(),
    }
}
