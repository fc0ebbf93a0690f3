//! One identity's record in its store, and what could not be written to it yet.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
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
    /// The refresh token that was redeemed for it.
    used: RefreshToken,
}

impl Custody {
    pub(super) fn new(store: Arc<dyn TokenStore>, key: StoreKey, clock: Arc<dyn Clock>) -> Self {
        Self { store, key, clock, unsaved: Mutex::default(), flushing: tokio::sync::Mutex::new(()) }
    }

    pub(super) const fn key(&self) -> &StoreKey {
        &self.key
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
        let changed = pin!(self.store.changed(&self.key, seen));
        match select(changed, self.clock.sleep(lease)).await {
            Either::Left((result, _)) => result,
            Either::Right(((), _)) => Ok(()),
        }
    }

    /// Writes what came of redeeming `used`, over our mark. What cannot be written now is kept, and tried again.
    pub(super) async fn write(self: &Arc<Self>, version: Version, entry: Entry, used: &RefreshToken) {
        self.unsaved().pending = Some(Pending { version, entry, used: used.clone() });
        let Err(error) = self.flush().await else { return };
        tracing::warn!(%error, "the token store failed; the refresh token is kept in memory until it can be written");
        let Ok(runtime) = Handle::try_current() else { return };
        if !std::mem::replace(&mut self.unsaved().retrying, true) {
            runtime.spawn(retry(Arc::downgrade(self), self.clock.clone()));
        }
    }

    /// Writes what is unsaved, unless it is no longer of use.
    pub(super) async fn flush(&self) -> Result<(), StoreError> {
        let _alone = self.flushing.lock().await;
        loop {
            let Some(pending) = self.unsaved().pending.clone() else { return Ok(()) };
            if self.replace(Some(pending.version), pending.entry.clone()).await?.is_some() {
                self.unsaved().pending = None;
                return Ok(());
            }
            // Another holder wrote first.
            match self.load().await? {
                Some(record) if pending.outranks(&record.entry) => {
                    self.unsaved().pending = Some(Pending { version: record.version, ..pending });
                }
                // It redeems the token that we have redeemed; what comes of that decides.
                Some(record) if pending.may_outrank(&record.entry) => return Ok(()),
                // There is another token by now, or another sign-in, or none at all any more.
                _ => self.unsaved().pending = None,
            }
        }
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
    /// Whether it is news to the store: all that stands there is the token that was used up for it, or its end.
    fn outranks(&self, known: &Entry) -> bool {
        let is_free = match &known.state {
            State::Redeeming { lease, .. } => lease.is_zero(),
            State::Idle | State::Ended => true,
        };
        is_free && self.may_outrank(known)
    }

    fn may_outrank(&self, known: &Entry) -> bool {
        known.sign_in == self.entry.sign_in && known.refresh_token == self.used
    }
}

/// Tries again, for as long as somebody holds the record.
async fn retry(custody: Weak<Custody>, clock: Arc<dyn Clock>) {
    let mut wait = FIRST_WAIT;
    loop {
        clock.sleep(wait).await;
        let Some(custody) = custody.upgrade() else { return };
        if custody.flush().await.is_ok() {
            custody.unsaved().retrying = false;
            return;
        }
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
