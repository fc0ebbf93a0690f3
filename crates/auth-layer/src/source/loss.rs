//! A lost answer: how it is noticed, whether its refresh token may be sent again, and the error that says so.

use std::borrow::Cow;
use std::time::Duration;

use super::refresh::Refresh;
use crate::error::{Error, ErrorKind};
use crate::profile::{Profile, ReplayRule};
use crate::store::Entry;

/// Notes that the answer to a refresh is lost, unless it is [disarmed](Self::disarm) before it is dropped.
///
/// A destructor does this because the future that waits for the answer may be dropped with its runtime or its last
/// caller, or end in a panic of the transport. No other code of the refresh runs then.
pub(super) struct LossGuard<'a> {
    refresh: &'a Refresh,
    /// True if the token was not marked before, so that this is its first use.
    is_first_use: bool,
    is_disarmed: bool,
}

impl<'a> LossGuard<'a> {
    /// Creates an armed guard. Create it before the first byte of the request is sent.
    pub(super) const fn new(refresh: &'a Refresh, is_first_use: bool) -> Self {
        Self { refresh, is_first_use, is_disarmed: false }
    }

    /// Ends the guard's work, because the token is now known to be replaced, ended or unused.
    pub(super) const fn disarm(&mut self) {
        self.is_disarmed = true;
    }

    /// Notes that `error` lost the answer.
    pub(super) fn lost(self, error: &Error) {
        self.refresh.memory().loss = Some(error.clone());
    }
}

impl Drop for LossGuard<'_> {
    fn drop(&mut self) {
        let mut memory = self.refresh.memory();
        // `before_unsent_mark` is cleared just before the first byte is sent. While it is set, the token is unused.
        if !self.is_disarmed && memory.before_unsent_mark.is_none() {
            // A grace period allows two uses. Only the first loss is noted; after the second, `answer_lost` is false,
            // and `may_replay` refuses a third use.
            memory.answer_lost = self.is_first_use;
        }
    }
}

impl Refresh {
    /// Returns whether a marked token, which may be used up, may be sent again.
    ///
    /// In a grace period, the process that lost the answer may send it once more. So may each process that finds a mark
    /// of another process whose lease has ended.
    pub(super) fn may_replay(&self, rule: ReplayRule, holder: &str, marked: &Entry) -> bool {
        let ReplayRule::Grace(grace) = rule else { return replays_freely(rule) };
        let ours_again = *holder == *self.holder && !self.memory().answer_lost;
        !ours_again && !self.is_over(grace, marked)
    }

    /// Returns the error for a token that is not sent again. It says that the answer was lost. It does not say that the
    /// token is revoked, because no server has said that.
    pub(super) fn answer_lost(&self, profile: &Profile, holder: &str, marked: &Entry) -> Error {
        // A mark has no reason in it, so the reason is known for our own mark only.
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

    /// Returns whether the grace period of a token is over. It counts from the first use, whose time is in the record.
    /// Without a time it counts as over.
    fn is_over(&self, grace: Duration, marked: &Entry) -> bool {
        let ends = marked.redeemed.map(|sent| sent.saturating_add(grace));
        ends.is_none_or(|ends| ends <= self.clock.now().wall())
    }
}

/// Returns whether a token may be used twice: the provider allows it, or does not say.
pub(super) const fn replays_freely(rule: ReplayRule) -> bool {
    matches!(rule, ReplayRule::Reusable | ReplayRule::Unknown)
}

/// Returns a few words about how an answer was lost.
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
