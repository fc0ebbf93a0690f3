//! Records in memory: shared within a process, gone with it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::watch;

use super::error::StoreError;
use super::key::StoreKey;
use super::record::{Entry, Record, State, Version};
use super::token_store::TokenStore;
use crate::clock::{Clock, Now, SystemClock};

/// Keeps records in memory. Clones share them; they are gone with the process.
///
/// ```
/// use auth_layer::MemoryStore;
///
/// let store = MemoryStore::new();
/// let the_same = store.clone();
/// ```
#[derive(Clone, Debug)]
pub struct MemoryStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Arc<dyn Clock>,
    records: Mutex<HashMap<StoreKey, Kept>>,
    /// The version given out last, to whichever record: one that was removed and made anew has no version twice.
    last: AtomicU64,
    /// Counts writes, to wake those who wait for one.
    writes: watch::Sender<u64>,
}

#[derive(Debug)]
struct Kept {
    record: Record,
    /// When the lease of a redeeming mark ends.
    lease_ends: Option<Now>,
}

impl MemoryStore {
    /// An empty store on the system's clock.
    pub fn new() -> Self {
        Self::with_clock(Arc::new(SystemClock::new()))
    }

    /// An empty store that judges leases by `clock`.
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        let records = Mutex::default();
        Self(Arc::new(Inner { clock, records, last: AtomicU64::new(0), writes: watch::Sender::new(0) }))
    }

    fn records(&self) -> MutexGuard<'_, HashMap<StoreKey, Kept>> {
        self.0.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn version(&self, key: &StoreKey) -> Option<Version> {
        self.records().get(key).map(|kept| kept.record.version)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl TokenStore for MemoryStore {
    async fn load(&self, key: &StoreKey) -> Result<Option<Record>, StoreError> {
        let now = self.0.clock.now();
        Ok(self.records().get(key).map(|kept| {
            let mut record = kept.record.clone();
            if let (State::Redeeming { lease, .. }, Some(ends)) = (&mut record.entry.state, kept.lease_ends) {
                *lease = now.until(ends);
            }
            record
        }))
    }

    async fn compare_exchange(
        &self,
        key: &StoreKey,
        expected: Option<Version>,
        entry: Entry,
    ) -> Result<Option<Version>, StoreError> {
        let now = self.0.clock.now();
        let mut records = self.records();
        if records.get(key).map(|kept| kept.record.version) != expected {
            return Ok(None);
        }
        let version = Version::new(self.0.last.fetch_add(1, Ordering::Relaxed) + 1);
        let lease_ends = match &entry.state {
            State::Redeeming { lease, .. } => Some(now + *lease),
            State::Idle | State::Ended => None,
        };
        records.insert(key.clone(), Kept { record: Record::new(version, entry), lease_ends });
        drop(records);
        self.0.writes.send_modify(|writes| *writes += 1);
        Ok(Some(version))
    }

    async fn remove(&self, key: &StoreKey) -> Result<(), StoreError> {
        if self.records().remove(key).is_some() {
            self.0.writes.send_modify(|writes| *writes += 1);
        }
        Ok(())
    }

    async fn changed(&self, key: &StoreKey, seen: Version) -> Result<(), StoreError> {
        let mut writes = self.0.writes.subscribe();
        while self.version(key) == Some(seen) {
            // The sender lives as long as this store does.
            if writes.changed().await.is_err() {
                break;
            }
        }
        Ok(())
    }
}
