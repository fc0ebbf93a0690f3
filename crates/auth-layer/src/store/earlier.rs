//! Records under the keys of an earlier version of this crate.
//!
//! Version 1 of a key included the token URL and the client's authentication. A record under such a key is moved once,
//! in three writes:
//!
//! 1. The record under the earlier key gets the state [`State::Ended`]. Its tokens stay in it, and a word in
//!    `last_error` says that it is *being taken over*. From then on no program of an earlier version sends its refresh
//!    token.
//! 2. The record is written under the new key. From then on programs of this version use it.
//! 3. The word under the earlier key becomes *taken over*. From then on this version ignores that record.
//!
//! A crash between two writes loses nothing. After the first write, the next program finds the word and goes on with
//! the second write. After the second, the next program finds a finished record beside the first word, and makes the
//! third write. Each write names the version that it replaces. So one of several programs succeeds, and the others read
//! again.
//!
//! The record under the earlier key is not removed, and its refresh token stays in it, for two reasons:
//!
//! - A program of an earlier version may be *configured* with a refresh token. Without a record it would send that
//!   token, which was used up long ago. It does not if it finds that the same sign-in has ended.
//! - A program of an earlier version may have redeemed the token and failed to write the answer. It finds the token
//!   that it used, and writes the new one over the ended record.

use std::time::Duration;

use super::error::StoreError;
use super::key::{Earlier, StoreKey};
use super::record::{Entry, Record, State, Version};
use super::token_store::TokenStore;

/// A record that was found under the key of an earlier version.
pub(crate) struct Found {
    pub(crate) key: StoreKey,
    pub(crate) version: Version,
    /// The record under the earlier key.
    pub(crate) known: Entry,
    /// The record to write under the new key.
    pub(crate) entry: Entry,
    /// True if programs of the earlier version may still use the record. It has to be ended first then.
    pub(crate) is_live: bool,
}

impl StoreKey {
    /// Reads the record of an identity from a store, whichever version of this crate wrote it. Nothing is changed. A
    /// record under an [earlier](Self::earlier) key is returned as an exchange would write it under this key.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if the store cannot be reached or the record cannot be read.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future does nothing.
    pub async fn find(&self, store: &dyn TokenStore) -> Result<Option<Record>, StoreError> {
        if let Some(record) = store.load(self).await? {
            return Ok(Some(record));
        }
        match self.find_earlier(store, None).await? {
            Some(found) => Ok(Some(Record::new(found.version, found.entry))),
            // A program may have taken it over in between.
            None => store.load(self).await,
        }
    }

    /// Finds the record under an earlier key that should replace `known`. A live sign-in is preferred to one that has
    /// ended. If `known` is a record, only a later sign-in replaces it.
    pub(crate) async fn find_earlier(
        &self,
        store: &dyn TokenStore,
        known: Option<&Entry>,
    ) -> Result<Option<Found>, StoreError> {
        let mut ended = None;
        for earlier in self.earlier_records() {
            let Some(record) = store.load(&earlier.key).await? else { continue };
            let Some(found) = earlier.found(record) else { continue };
            if found.entry.state == State::Ended {
                ended = ended.or(Some(found));
            } else if known.is_none_or(|known| found.entry.obtained > known.obtained) {
                return Ok(Some(found));
            }
        }
        Ok(ended.filter(|_| known.is_none()))
    }

    /// Writes *taken over* under the earlier keys that say *being taken over*. Call this once there is a record under
    /// this key.
    pub(crate) async fn settle_earlier(&self, store: &dyn TokenStore) -> Result<(), StoreError> {
        for earlier in self.earlier_records() {
            if let Some(record) = store.load(&earlier.key).await?
                && record.entry.word().is_some_and(|word| word != TAKEN_OVER)
            {
                let finished = record.entry.ended_with(TAKEN_OVER);
                // If another program wrote first, it wrote the same word or a new sign-in. Both may stay.
                store.compare_exchange(&earlier.key, Some(record.version), finished).await?;
            }
        }
        Ok(())
    }
}

impl Earlier {
    /// Returns the record to take over. `None` if it has been taken over already.
    fn found(&self, record: Record) -> Option<Found> {
        let known = record.entry;
        let mut entry = known.clone();
        match known.word() {
            Some(TAKEN_OVER) => return None,
            Some(BEING_TAKEN_OVER_MARKED) => {
                // Its refresh token may be used up. The lease is zero, because the record was ended only after its own
                // lease was over.
                entry.state = State::Redeeming { holder: EARLIER_HOLDER.to_owned(), lease: Duration::ZERO };
            }
            Some(_) => entry.state = State::Idle,
            None => {}
        }
        if entry.state != State::Ended {
            entry.last_error = None;
        }
        entry.token_url = entry.token_url.or_else(|| Some(self.token_url.clone()));
        let is_live = known.state != State::Ended;
        Some(Found { key: self.key.clone(), version: record.version, known, entry, is_live })
    }
}

impl Entry {
    /// Returns whether an earlier version of this crate kept this record, and it is under another key by now. The entry
    /// here is left for programs of that version, which read it as a sign-in that has ended.
    pub fn is_taken_over(&self) -> bool {
        self.word() == Some(TAKEN_OVER)
    }

    /// Returns the entry with the state and the word of a record that is being taken over.
    pub(crate) fn being_taken_over(&self) -> Self {
        match self.state {
            State::Redeeming { .. } => self.ended_with(BEING_TAKEN_OVER_MARKED),
            State::Idle | State::NoRefreshToken | State::Ended => self.ended_with(BEING_TAKEN_OVER),
        }
    }

    fn ended_with(&self, word: &str) -> Self {
        Self { state: State::Ended, last_error: Some(word.to_owned()), ..self.clone() }
    }

    fn word(&self) -> Option<&'static str> {
        let said = self.last_error.as_deref().filter(|_| self.state == State::Ended)?;
        [BEING_TAKEN_OVER, BEING_TAKEN_OVER_MARKED, TAKEN_OVER].into_iter().find(|word| *word == said)
    }
}

/// The word for a record that is being taken over. Programs of an earlier version show it as the reason why a person
/// has to sign in.
const BEING_TAKEN_OVER: &str = "being_taken_over_by_a_newer_version";

/// The word for a record that had a mark when it was taken over. Its refresh token may be used up.
const BEING_TAKEN_OVER_MARKED: &str = "being_taken_over_by_a_newer_version_while_redeeming";

/// The word for a record that has been taken over.
const TAKEN_OVER: &str = "taken_over_by_a_newer_version";

/// The holder of a mark that was left behind under an earlier key.
const EARLIER_HOLDER: &str = "an earlier version";
