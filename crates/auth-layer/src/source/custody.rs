//! One identity's record in its store, and what could not be written to it yet.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::runtime::Handle;

use crate::clock::Clock;
use crate::store::{Entry, Record, State, StoreError, StoreKey, TokenStore, Version};
use crate::token::RefreshToken;

/// One identity's record in its store. What cannot be written is kept, and tried again until it is.
#[derive(Debug)]
pub(super) struct Custody {
    store: Arc<dyn TokenStore>,
    key: StoreKey,
    clock: Arc<dyn Clock>,
    unsaved: Mutex<Unsaved>,
    /// Held while what is unsaved is written, so that it is written once.
    flushing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Unsaved {
    pending: Option<Pending>,
    /// A task is at it.
    retrying: bool,
}

/// An entry on its way into the store.
#[derive(Clone, Debug)]
struct Pending {
    /// The version that it replaces.
    version: Version,
    entry: Entry,
    /// The refresh token that was used up for it, which makes it news whatever else was written about that token. `None`
    /// for what counts only if nothing else was written.
    used: Option<RefreshToken>,
}

/// How far what was unsaved has come.
pub(super) enum Flushed {
    /// Nothing is unsaved any more.
    Done,
    /// Another holder is redeeming the token that was used up already; this is the version of its mark, and what is left
    /// of its lease. What comes of it decides.
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

    /// Waits until the record is another one, and no longer than `lease`.
    pub(super) async fn wait(&self, seen: Version, lease: Duration) -> Result<(), StoreError> {
        self.wait_for(&self.key, seen, lease).await
    }

    /// The same for the record under another key.
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

    /// Writes what came of redeeming `used`, over our mark. What cannot be written now is kept, and tried again.
    pub(super) async fn write(self: &Arc<Self>, version: Version, entry: Entry, used: &RefreshToken) {
        self.keep(Pending { version, entry, used: Some(used.clone()) }).await;
    }

    /// Writes over our mark what is true only as long as nobody else wrote.
    pub(super) async fn take_back(self: &Arc<Self>, version: Version, entry: Entry) {
        self.keep(Pending { version, entry, used: None }).await;
    }

    async fn keep(self: &Arc<Self>, pending: Pending) {
        self.unsaved().pending = Some(pending);
        match self.flush().await {
            Ok(Flushed::Done) => return,
            Ok(Flushed::Waiting(..)) => {}
            Err(error) => {
                tracing::warn!(%error, "the token store failed; what came of redeeming is kept in memory until it can be written");
            }
        }
        let Ok(runtime) = Handle::try_current() else { return };
        if !std::mem::replace(&mut self.unsaved().retrying, true) {
            runtime.spawn(retry(self.clone()));
        }
    }

    /// Writes what is unsaved, unless it is no longer of use.
    pub(super) async fn flush(&self) -> Result<Flushed, StoreError> {
        let _alone = self.flushing.lock().await;
        loop {
            let Some(pending) = self.unsaved().pending.clone() else { return Ok(Flushed::Done) };
            if self.replace(Some(pending.version), pending.entry.clone()).await?.is_some() {
                self.unsaved().pending = None;
                return Ok(Flushed::Done);
            }
            // Another holder wrote first.
            let record = match self.load().await? {
                Some(record) if pending.is_news_to(&record.entry) => record,
                // There is another token by now, or another sign-in, or none at all any more.
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
            self.unsaved().pending = Some(Pending { version: record.version, ..pending });
        }
    }

    /// Whether there is nothing left to retry. From then on the next failure begins a retry of its own.
    fn is_settled(&self) -> bool {
        let mut unsaved = self.unsaved();
        if unsaved.pending.is_none() {
            unsaved.retrying = false;
        }
        unsaved.pending.is_none()
    }

    fn unsaved(&self) -> std::sync::MutexGuard<'_, Unsaved> {
        self.unsaved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Custody {
    fn drop(&mut self) {
        if self.unsaved().pending.is_some() {
            tracing::error!("what came of redeeming a refresh token could never be stored, and is lost");
        }
    }
}

impl Pending {
    /// Whether all that the store knows is the token that was used up for this, or its end.
    fn is_news_to(&self, known: &Entry) -> bool {
        known.sign_in == self.entry.sign_in && self.used.as_ref() == Some(&known.refresh_token)
    }
}

/// Tries again until it is written. Where nobody else holds the record any more, it is given up after a while.
async fn retry(custody: Arc<Custody>) {
    let (mut wait, mut alone) = (FIRST_WAIT, Duration::ZERO);
    loop {
        custody.clock.sleep(wait).await;
        let _ = custody.flush().await;
        if custody.is_settled() {
            return;
        }
        if Arc::strong_count(&custody) == 1 {
            alone += wait;
            if alone >= LONGEST_ALONE {
                return;
            }
        }
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// A service that ends is not held up for longer than this.
const LONGEST_ALONE: Duration = Duration::from_secs(30);
