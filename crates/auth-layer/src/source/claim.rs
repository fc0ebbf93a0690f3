//! The first step of a refresh: our mark on the record in the store, or the access token of another process.

use super::refresh::{Refresh, store_failed};
use super::terms::Terms;
use super::token_source::{IssuedToken, TokenRequest};
use crate::clock::Now;
use crate::error::{Error, ErrorKind};
use crate::profile::Profile;
use crate::store::{Entry, Record, State, StoreError, Version};
use crate::token::{RefreshToken, Scope};

/// The result of [`Refresh::claim`].
#[expect(clippy::large_enum_variant, reason = "it is moved once and never stored")]
pub(super) enum Claimed {
    /// Our mark is on the record: the refresh token may be sent.
    Marked(Claim),
    /// Another process has redeemed the refresh token. This is the access token that it stored.
    Adopted(IssuedToken),
}

/// A record that has our mark on it.
pub(super) struct Claim {
    /// The version of the record with our mark.
    pub(super) version: Version,
    /// The entry before our mark.
    pub(super) entry: Entry,
}

impl Claim {
    /// True if the refresh token was never sent before. A mark that was left behind may mean that it was.
    pub(super) fn is_first_use(&self) -> bool {
        self.entry.state == State::Idle
    }
}

impl Refresh {
    /// Puts our mark on the record, so that no other holder of the store sends the same refresh token.
    ///
    /// The record is read again after each wait, and whenever another process wrote first, until one of these holds:
    ///
    /// - Our mark is written.
    /// - The record has an access token that this process has not used: it is returned, and nothing is sent.
    /// - The refresh token must not be sent: the error says why.
    pub(super) async fn claim(
        &self,
        profile: &Profile,
        terms: &Terms,
        request: &TokenRequest,
        required: Option<&Scope>,
    ) -> Result<Claimed, Error> {
        let rule = profile.replay_rule();
        loop {
            // An answer that the store could not take is written first. Until then the record holds the refresh token
            // that we used for that answer, and it looks unused.
            self.flush().await?;
            let record = self.record().await.map_err(store_failed)?;
            self.note_tried(record.as_ref());
            let Some(mut record) = record else {
                return Err(self.nothing_stored());
            };
            self.forget_unsent_mark(&mut record.entry);
            if record.entry.state == State::Ended {
                self.replace_ended(&record).await?;
                continue;
            }
            // Not checked for a grant that has ended: its token is never sent, and its end is the more useful error.
            profile.check_sign_in_from(record.entry.token_url.as_ref(), self.remedy.as_deref())?;
            if let State::Redeeming { holder, lease } = &record.entry.state {
                if *holder != self.holder && !lease.is_zero() {
                    // Another process is redeeming the token. It stores the answer, or its lease ends.
                    self.custody.wait(record.version, *lease).await.map_err(store_failed)?;
                    continue;
                }
                // The mark was left behind: by a crash, by a call that lost its answer, or by ourselves. The server may
                // have used the token up.
                if !self.may_replay(rule, holder, &record.entry) {
                    if self.custody.take_over_newer(&record).await {
                        continue;
                    }
                    return Err(self.answer_lost(profile, holder, &record.entry));
                }
            }
            // Only an idle record is adopted from. An access token beside a mark is not used, even if it is still good.
            if let Some(issued) = self.adopt(&record.entry, request, required) {
                return Ok(Claimed::Adopted(issued));
            }
            if record.entry.state == State::NoRefreshToken {
                return Err(self.never_issued());
            }
            // Read before the write. The store counts the lease from the write, which is later. So the lease ends later
            // than the check below assumes, which is safe.
            let begun = self.clock.now();
            let Some(version) = self.mark(&record, terms, begun).await.map_err(store_failed)? else {
                // Another process wrote first.
                continue;
            };
            let entry = record.entry;
            if self.clock.now().reached(begun + terms.slack) {
                // The token request may take the second half of the lease. It could now outlive the lease, and another
                // process would send the same token.
                self.unmark(version, entry, rule).await;
                return Err(store_too_slow());
            }
            return Ok(Claimed::Marked(Claim { version, entry }));
        }
    }

    /// Writes our mark. Returns `None` if another process wrote first.
    ///
    /// The mark is written before the request because a process can die at any point after it. Without the mark, the
    /// next process would send a token that may be used up, and a server may then revoke the whole grant.
    async fn mark(&self, record: &Record, terms: &Terms, now: Now) -> Result<Option<Version>, StoreError> {
        let again = matches!(record.entry.state, State::Redeeming { .. });
        // A grace period counts from the first use, so a second use keeps the time of the first.
        let redeemed = if again { record.entry.redeemed } else { Some(now.wall()) };
        // Set before the write. If the write fails or this future is dropped, the store may have the mark all the same.
        // The next call then knows that the mark is ours and that nothing was sent.
        self.memory().before_unsent_mark = Some(record.entry.state.clone());
        let state = State::Redeeming { holder: self.holder.clone(), lease: terms.lease };
        let marked = Entry { state, redeemed, ..record.entry.clone() };
        self.custody.replace(Some(record.version), marked).await
    }

    /// Replaces our own mark in `entry` with the state before it, if nothing was sent under that mark.
    fn forget_unsent_mark(&self, entry: &mut Entry) {
        if let (State::Redeeming { holder, .. }, Some(before)) =
            (&entry.state, &self.memory().before_unsent_mark)
            && *holder == self.holder
        {
            entry.state = before.clone();
        }
    }

    /// Notes which sign-in this call tries.
    fn note_tried(&self, record: Option<&Record>) {
        let mut memory = self.memory();
        memory.tried_sign_in = record.map(|record| record.entry.sign_in.clone());
        memory.sign_in_needed = false;
    }

    /// Looks for a newer sign-in in place of one that has ended. Without a newer one, it returns the error of the ended
    /// grant.
    async fn replace_ended(&self, record: &Record) -> Result<(), Error> {
        if let Some(first) = self.newer_sign_in(&record.entry) {
            // If another process wrote first, its record is as good. The caller reads the record again.
            self.custody.replace(Some(record.version), first).await.map_err(store_failed)?;
            return Ok(());
        }
        if self.custody.take_over_newer(record).await {
            return Ok(());
        }
        Err(self.ended(record.entry.last_error.as_deref()))
    }

    /// Returns an entry with the configured refresh token, if that token is from another sign-in than `ended`.
    fn newer_sign_in(&self, ended: &Entry) -> Option<Entry> {
        let first = self.first_entry(self.initial.clone()?);
        (ended.sign_in != first.sign_in).then_some(first)
    }

    /// Reads the record. An empty store gets the record of an earlier version, or else one with the configured refresh
    /// token.
    async fn record(&self) -> Result<Option<Record>, StoreError> {
        loop {
            if let Some(record) = self.custody.load().await? {
                // A process that was killed while it took this record over may have left the last write to us. If the
                // record has ended, the take-over (in `replace_ended`) has not begun, so no write of it can be missing.
                let is_good = record.entry.state == State::Idle;
                if is_good && !std::mem::replace(&mut self.memory().earlier_settled, true) {
                    self.custody.settle_earlier().await;
                }
                return Ok(Some(record));
            }
            if self.custody.take_over(None).await? {
                continue;
            }
            let Some(initial) = self.initial.clone() else { return Ok(None) };
            // If another process wrote first, its record is read in the next round.
            self.custody.replace(None, self.first_entry(initial)).await?;
        }
    }

    fn first_entry(&self, initial: RefreshToken) -> Entry {
        Entry {
            label: Some(self.label.clone()),
            token_url: Some(self.token_url.clone()),
            ..Entry::new(initial)
        }
    }
}

fn store_too_slow() -> Error {
    Error::new(
        ErrorKind::Store,
        "the token store took too long to write, so the refresh token was not sent; try again, and check the store",
    )
}
