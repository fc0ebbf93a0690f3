//! News in the store: an access token of another process, or a new sign-in.

use std::time::Duration;

use super::refresh::{Memory, Refresh};
use super::token_source::{IssuedToken, TokenRequest};
use crate::store::{Entry, State};
use crate::token::{AccessToken, Scope};

impl Refresh {
    /// Returns whether the store has something that this process has not tried. A store that fails counts as one
    /// without news.
    ///
    /// `None` means that the store has no news, but a new client secret could help. After a grant has ended no client
    /// secret helps, and the result is never `None`.
    pub(crate) async fn has_news(&self, required: Option<&Scope>) -> Option<bool> {
        let record = self.custody.load().await.ok().flatten();
        let memory = self.memory();
        let entry = record
            .as_ref()
            .map(|record| &record.entry)
            .filter(|entry| matches!(entry.state, State::Idle | State::NoRefreshToken));
        if memory.sign_in_needed {
            return Some(entry.is_some());
        }
        // The sign-ins are compared, and not the refresh tokens. Other processes whose calls fail as well may store new
        // refresh tokens of the same sign-in, and those are not news.
        let is_news = entry.is_some_and(|entry| {
            memory.tried_sign_in.as_ref() != Some(&entry.sign_in)
                || self.adoptable(&memory, entry, None, required).is_some()
        });
        is_news.then_some(true)
    }

    /// Returns the access token that another process stored. `None` if this process has used it or it was rejected, if
    /// it lacks the required scope, or if it expires soon.
    pub(super) fn adopt(
        &self,
        entry: &Entry,
        request: &TokenRequest,
        required: Option<&Scope>,
    ) -> Option<IssuedToken> {
        let mut memory = self.memory();
        let issued = self.adoptable(&memory, entry, request.rejected(), required)?;
        memory.last_issued = Some(issued.token.clone());
        Some(issued)
    }

    fn adoptable(
        &self,
        memory: &Memory,
        entry: &Entry,
        rejected: Option<&AccessToken>,
        required: Option<&Scope>,
    ) -> Option<IssuedToken> {
        let (token, hard) = (entry.access_token.as_ref()?, entry.hard?);
        let now = self.clock.now();
        // If the wall clock was set back since the token was issued, `hard - now` is more than its whole lifetime.
        let life = entry.redeemed.map_or(Duration::MAX, |issued| hard.saturating_sub(issued));
        let left = hard.saturating_sub(now.wall()).min(life);
        // Without a refresh token there is no better one to wait for, so that it is used to its end.
        let is_worth = match entry.state {
            State::Idle => left >= WORTH_ADOPTING && memory.last_issued.as_ref() != Some(token),
            State::NoRefreshToken => !left.is_zero(),
            State::Redeeming { .. } | State::Ended => false,
        };
        if !is_worth
            || rejected == Some(token)
            || required
                .is_some_and(|required| entry.scope.as_ref().is_some_and(|scope| !scope.covers(required)))
        {
            return None;
        }
        let issued = IssuedToken::new(token.clone(), now, left).with_kept(entry.kept.clone());
        Some(match &entry.scope {
            Some(scope) => issued.with_scope(scope.clone()),
            None => issued,
        })
    }
}

/// An access token with less lifetime left is not worth adopting: its user would need a new one almost at once.
const WORTH_ADOPTING: Duration = Duration::from_secs(30);
