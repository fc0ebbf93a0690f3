//! Records under the keys of an earlier version of this crate.
//!
//! Version 1 of a key had the token URL and the client's authentication in it. Its record is moved once, in three writes,
//! each to one record alone:
//!
//! 1. The record under the earlier key becomes [`State::Ended`], with all it held still in it and a word in `last_error`
//!    that says it is *being taken over*. From here on no program of an earlier version sends its refresh token.
//! 2. The record is written under the new key. From here on programs of this version use it.
//! 3. The word under the earlier key becomes *taken over*. From here on it is of no more use to this version.
//!
//! A crash after the first write loses nothing: the next program finds the word and goes on with the second. A crash after
//! the second leaves the first word beside a finished record; the next program writes the third. Each write names the
//! version that it replaces, so that of several programs one succeeds and the others read again.
//!
//! The record is not removed, and its refresh token stays in it. A program of an earlier version that was *given* a refresh
//! token begins with that one again where it finds no record, though the token was used up long ago; it does not where it
//! finds the end of that same sign-in. And a program that had redeemed the token, but could not write what it got, finds
//! the token that it used, and writes the new one over the end.

use std::time::Duration;

use super::error::StoreError;
use super::key::StoreKey;
use super::record::{Entry, Record, State, Version};
use super::token_store::TokenStore;
use crate::profile::{ClientAuth, Profile, TokenUrl};

/// A key of version 1, and the token URL that is part of it.
#[derive(Debug)]
pub(super) struct Earlier {
    pub(super) key: StoreKey,
    token_url: TokenUrl,
}

/// A record that was found under the key of an earlier version.
pub(crate) struct Found {
    pub(crate) key: StoreKey,
    pub(crate) version: Version,
    /// The record as it is.
    pub(crate) known: Entry,
    /// The record as it is to stand under the new key.
    pub(crate) entry: Entry,
    /// True if programs of the earlier version may still use the record, so that it has to be ended first.
    pub(crate) is_live: bool,
}

/// The keys of version 1, for the profile's own token URL and for each that the provider moved from.
pub(super) fn keys(profile: &Profile, client_id: &str, subject: &str) -> Vec<Earlier> {
    let own = TokenUrl::at(profile.token_url().clone());
    let mut urls: Vec<&TokenUrl> = vec![&own];
    for url in profile.moved_from() {
        // By their spelling, which is part of the key.
        if urls.iter().all(|known| known.uri().to_string() != url.uri().to_string()) {
            urls.push(url);
        }
    }
    let key = |url: &TokenUrl| {
        let client_auth = client_auth(&profile.facts().client_auth);
        let scope = profile.scope.as_ref().map(ToString::to_string);
        let mut parameters: Vec<String> =
            profile.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        parameters.extend(scope.iter().map(|scope| format!("scope={scope}")));
        parameters.sort();
        let (url, scope) = (url.uri().to_string(), scope.unwrap_or_default());
        let parts = ["1", profile.name(), &url, client_id, &client_auth, "refresh_token", subject, &scope];
        StoreKey::of(parts.into_iter().chain(parameters.iter().map(String::as_str)))
    };
    urls.into_iter().map(|url| Earlier { key: key(url), token_url: url.clone() }).collect()
}

/// How version 1 wrote a client's authentication into a key. These words stay, whatever becomes of the type.
fn client_auth(client_auth: &ClientAuth) -> String {
    match client_auth {
        ClientAuth::Basic => "Basic".to_owned(),
        ClientAuth::BasicRaw => "BasicRaw".to_owned(),
        ClientAuth::Body { id, secret } => format!("Body {{ id: {id:?}, secret: {secret:?} }}"),
        ClientAuth::Public => "Public".to_owned(),
    }
}

impl StoreKey {
    /// Reads the record of an identity from a store, whichever version of this crate wrote it, and changes nothing. A
    /// record under an [earlier](Self::earlier) key is read as it will be once an exchange takes it over.
    ///
    /// # Errors
    ///
    /// As for [`TokenStore::load`].
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

    /// The record under an earlier key that is to take the place of `known`. The one of a sign-in that goes on comes
    /// before one that has ended; over a record that is there, only a later sign-in counts.
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

    /// Says under the earlier keys that what was being taken over has been. Call it once there is a record under this key.
    pub(crate) async fn settle_earlier(&self, store: &dyn TokenStore) -> Result<(), StoreError> {
        for earlier in self.earlier_records() {
            if let Some(record) = store.load(&earlier.key).await?
                && record.entry.word().is_some_and(|word| word != TAKEN_OVER)
            {
                let finished = record.entry.ended_with(TAKEN_OVER);
                // Another program may have been first, with this or with a new sign-in.
                store.compare_exchange(&earlier.key, Some(record.version), finished).await?;
            }
        }
        Ok(())
    }
}

impl Earlier {
    /// Reads what a record means; `None` if it has been taken over.
    fn found(&self, record: Record) -> Option<Found> {
        let known = record.entry;
        let mut entry = known.clone();
        match known.word() {
            Some(TAKEN_OVER) => return None,
            Some(BEING_TAKEN_OVER_MARKED) => {
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
    /// True if an earlier version of this crate kept the record, and it stands under another key by now. What is left here
    /// is for the programs of that version, which read it as a sign-in that has ended.
    pub fn is_taken_over(&self) -> bool {
        self.word() == Some(TAKEN_OVER)
    }

    /// The same record as one that is being taken over.
    pub(crate) fn being_taken_over(&self) -> Self {
        match self.state {
            State::Redeeming { .. } => self.ended_with(BEING_TAKEN_OVER_MARKED),
            State::Idle | State::Ended => self.ended_with(BEING_TAKEN_OVER),
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

/// Programs of an earlier version show these words as the reason why a person has to sign in.
const BEING_TAKEN_OVER: &str = "being_taken_over_by_a_newer_version";

/// The same, of a record whose refresh token was on its way when its process ended.
const BEING_TAKEN_OVER_MARKED: &str = "being_taken_over_by_a_newer_version_while_redeeming";

const TAKEN_OVER: &str = "taken_over_by_a_newer_version";

/// The holder of a mark that was left behind under an earlier key.
const EARLIER_HOLDER: &str = "an earlier version";
