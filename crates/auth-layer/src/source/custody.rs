//! `Custody`: one identity's record in its store, and an entry that could not be written yet.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::runtime::Handle;

use crate::clock::Clock;
use crate::store::{Entry, Record, State, StoreError, StoreKey, TokenStore, Version};
use crate::token::RefreshToken;

/// One identity's record in its store. An entry that cannot be written is kept in memory and written later.
///
/// | method | what it writes |
/// | --- | --- |
/// | `replace` | one write, which fails if the version is another one; nothing is kept |
/// | `write` | the outcome of redeeming a token; it also replaces a newer record that still has that token |
/// | `take_back` | an entry over our mark; it is dropped if another process wrote, or if the record was removed |
/// | `take_over`, `take_over_newer` | a record of an earlier version of this crate, under its current key |
/// | `settle_earlier` | the note, under the earlier keys, that such a move is complete |
#[derive(Debug)]
pub(super) struct Custody {
    store: Arc<dyn TokenStore>,
    key: StoreKey,
    clock: Arc<dyn Clock>,
    unsaved: Mutex<Unsaved>,
    /// Held across the writes of `flush`, so that two flushes never write the same entry. `unsaved` is not held there:
    /// it must be free for a new entry.
    flushing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Unsaved {
    pending: Option<Pending>,
    /// True while a task retries the write.
    retrying: bool,
}

/// An entry that is not in the store yet.
#[derive(Clone, Debug)]
struct Pending {
    /// The version that the entry replaces.
    version: Version,
    entry: Entry,
    /// The refresh token that was used up for this entry. The entry then replaces any record that still has that token.
    /// `None` if the entry must not replace another version.
    used: Option<RefreshToken>,
}

/// The result of a flush.
pub(super) enum Flushed {
    /// No entry is waiting to be written.
    Done,
    /// Another holder is redeeming the token that this process has used up. These are the version of its mark and the
    /// rest of its lease. Its outcome decides whether our entry is still needed.
    Waiting(Version, Duration),
}

impl Custody {
    pub(super) fn new(store: Arc<dyn TokenStore>, key: StoreKey, clock: Arc<dyn Clock>) -> Self {
        Self { store, key, clock, unsaved: Mutex::default(), flushing: tokio::sync::Mutex::new(()) }
    }

    pub(super) const fn key(&self) -> &StoreKey {
        &self.key
    }

    pub(super) fn store(&self) -> &dyn TokenStore {
        &*self.store
    }

    pub(super) async fn load(&self) -> Result<Option<Record>, StoreError> {
        self.store.load(&self.key).await
    }

    pub(super) async fn replace(
        &self,
        version: Option<Version>,
        entry: Entry,
    ) -> Result<Option<Version>, StoreError> {
        self.store.compare_exchange(&self.key, version, entry).await
    }

    /// Waits until the record has another version than `seen`, or until `lease` is over.
    pub(super) async fn wait(&self, seen: Version, lease: Duration) -> Result<(), StoreError> {
        self.wait_for(&self.key, seen, lease).await
    }

    /// Waits like [`wait`](Self::wait), for the record under another key.
    pub(super) async fn wait_for(
        &self,
        key: &StoreKey,
        seen: Version,
        lease: Duration,
    ) -> Result<(), StoreError> {
        let changed = pin!(self.store.changed(key, seen));
        match select(changed, self.clock.sleep(lease)).await {
            Either::Left((result, _)) => result,
            Either::Right(((), _)) => Ok(()),
        }
    }

    /// Writes the outcome of redeeming `used` over our mark. If the write fails, the entry is kept and written later.
    ///
    /// The entry is kept before the first `await`, so that no drop of this future loses it.
    pub(super) async fn write(self: &Arc<Self>, version: Version, entry: Entry, used: &RefreshToken) {
        self.keep(Pending { version, entry, used: Some(used.clone()) }).await;
    }

    /// Writes an entry over our mark, unless another process has written since.
    pub(super) async fn take_back(self: &Arc<Self>, version: Version, entry: Entry) {
        self.keep(Pending { version, entry, used: None }).await;
    }

    async fn keep(self: &Arc<Self>, pending: Pending) {
        // Before the first `await`: from here on a drop of this future leaves the entry for the next `flush`. No older
        // entry is overwritten, because one refresh runs at a time and `claim` flushes before it marks the record.
        self.unsaved().pending = Some(pending);
        match self.flush().await {
            Ok(Flushed::Done) => return,
            Ok(Flushed::Waiting(..)) => {}
            Err(error) => {
                tracing::warn!(
                    %error,
                    "the token store failed; the result of the refresh is kept in memory until it can be written"
                );
            }
        }
        // Without a runtime there is no task to retry. The next call or `flush` of the source writes the entry.
        let Ok(runtime) = Handle::try_current() else { return };
        if !std::mem::replace(&mut self.unsaved().retrying, true) {
            runtime.spawn(retry(self.clone()));
        }
    }

    /// Writes the entry that is not in the store yet. Drops it if the store has something newer.
    pub(super) async fn flush(&self) -> Result<Flushed, StoreError> {
        let _alone = self.flushing.lock().await;
        loop {
            let Some(pending) = self.unsaved().pending.clone() else { return Ok(Flushed::Done) };
            // A failed write keeps the entry. If it reached the store all the same, the next flush finds the new
            // version there and drops the entry, or writes the same one again.
            if self.replace(Some(pending.version), pending.entry.clone()).await?.is_some() {
                self.unsaved().pending = None;
                return Ok(Flushed::Done);
            }
            // Another holder wrote first. Its record decides whether our entry is still of use.
            let record = match self.load().await? {
                Some(record) if pending.is_news_to(&record.entry) => record,
                // The store has another refresh token or another sign-in by now, or the record was removed.
                _ => {
                    self.unsaved().pending = None;
                    return Ok(Flushed::Done);
                }
            };
            if let State::Redeeming { lease, .. } = record.entry.state
                && !lease.is_zero()
            {
                return Ok(Flushed::Waiting(record.version, lease));
            }
            // The record still has the token that we used up. Our entry replaces this version in the next round.
            self.unsaved().pending = Some(Pending { version: record.version, ..pending });
        }
    }

    /// Returns whether nothing is left to retry.
    fn is_settled(&self) -> bool {
        // Both fields change under one lock. Otherwise an entry that comes in between would find `retrying` set and
        // start no task, while the task that set it ends.
        let mut unsaved = self.unsaved();
        if unsaved.pending.is_none() {
            unsaved.retrying = false;
        }
        unsaved.pending.is_none()
    }

    /// Locks the entry that is not written yet. The guard is never held across an `await`.
    fn unsaved(&self) -> std::sync::MutexGuard<'_, Unsaved> {
        self.unsaved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Custody {
    fn drop(&mut self) {
        if self.unsaved().pending.is_some() {
            tracing::error!(
                "the result of a refresh could never be stored and is lost; sign in again if calls fail"
            );
        }
    }
}

impl Pending {
    /// Returns whether the store still has the sign-in and the refresh token that this entry was obtained with.
    fn is_news_to(&self, known: &Entry) -> bool {
        known.sign_in == self.entry.sign_in && self.used.as_ref() == Some(&known.refresh_token)
    }
}

/// Retries the write until it succeeds. After the source is dropped, it gives up when its waits add up to
/// [`LONGEST_ALONE`]. The wait that was under way counts whole.
async fn retry(custody: Arc<Custody>) {
    let (mut wait, mut alone) = (FIRST_WAIT, Duration::ZERO);
    loop {
        custody.clock.sleep(wait).await;
        let _ = custody.flush().await;
        if custody.is_settled() {
            return;
        }
        // The only reference left is this task's: no source uses the record any more.
        if Arc::strong_count(&custody) == 1 {
            alone += wait;
            if alone >= LONGEST_ALONE {
                return;
            }
        }
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// The wait doubles from the first value to the second. A store in trouble gets at most one write a minute for each
/// record.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// A program may wait for its tasks at its end. The last wait is not cut short, so the program waits for up to about
/// 60 s, and for the writes themselves.
const LONGEST_ALONE: Duration = Duration::from_secs(30);
