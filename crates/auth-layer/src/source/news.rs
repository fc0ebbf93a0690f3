//! What the store holds that this process has not tried: another process's access token, or a new sign-in.

use std::time::Duration;

use super::refresh::{Memory, Refresh};
use super::token_source::{IssuedToken, TokenRequest};
use crate::store::{Entry, State};
use crate::token::{AccessToken, Scope};

impl Refresh {
    /// Whether the store holds something that has not been tried. `None` if it does not, but the client's secret may
    /// matter; after a grant has ended it does not. A store that fails holds no news.
    pub(crate) async fn has_news(&self, required: Option<&Scope>) -> Option<bool> {
        let record = self.custody.load().await.ok().flatten();
        let memory = self.memory();
        let entry = record.as_ref().map(|record| &record.entry).filter(|entry| entry.state == State::Idle);
        if memory.ended {
            return Some(entry.is_some());
        }
        // Other processes that fail as well write new refresh tokens, but those are of the same sign-in.
        let is_news = entry.is_some_and(|entry| {
            memory.tried.as_ref() != Some(&entry.sign_in)
                || self.adoptable(&memory, entry, None, required).is_some()
        });
        is_news.then_some(true)
    }

    /// Takes over what another holder got, if it is news, may do what is required and lives on for a while.
    pub(super) fn adopt(
        &self,
        entry: &Entry,
        request: &TokenRequest,
        required: Option<&Scope>,
    ) -> Option<IssuedToken> {
        let mut memory = self.memory();
        let issued = self.adoptable(&memory, entry, request.rejected(), required)?;
        memory.last = Some(issued.token.clone());
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
        // A wall clock that was set back since then leaves no more life than the token had when it was issued.
        let life = entry.redeemed.map_or(Duration::MAX, |issued| hard.saturating_sub(issued));
        let left = hard.saturating_sub(now.wall()).min(life);
        if entry.state != State::Idle
            || left < WORTH_ADOPTING
            || memory.last.as_ref() == Some(token)
            || rejected == Some(token)
            || required
                .is_some_and(|required| entry.scope.as_ref().is_some_and(|scope| !scope.covers(required)))
        {
            return None;
        }
        let issued = IssuedToken::new(token.clone(), now, left);
        Some(match &entry.scope {
            Some(scope) => issued.with_scope(scope.clone()),
            None => issued,
        })
    }
}

/// An access token with less left is not worth taking over.
const WORTH_ADOPTING: Duration = Duration::from_secs(30);
