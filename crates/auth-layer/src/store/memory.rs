//! `MemoryStore`: records in the memory of one process.

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

/// A store that keeps records in memory. Clones share the records, which are lost when the process ends.
#[derive(Clone, Debug)]
pub struct MemoryStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Arc<dyn Clock>,
    records: Mutex<HashMap<StoreKey, Kept>>,
    /// The latest version of any record. All records share this counter, so that a record that is removed and written
    /// again never gets an old version.
    last: AtomicU64,
    /// The number of writes. A change wakes the tasks that wait in `changed`.
    writes: watch::Sender<u64>,
}

#[derive(Debug)]
struct Kept {
    record: Record,
    /// The end of the lease, if the record has a mark.
    lease_ends: Option<Now>,
}

impl MemoryStore {
    /// Creates an empty store that uses the system's clock.
    pub fn new() -> Self {
        Self::with_clock(Arc::new(SystemClock::new()))
    }

    /// Creates an empty store that measures leases by `clock`.
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        let records = Mutex::default();
        Self(Arc::new(Inner { clock, records, last: AtomicU64::new(0), writes: watch::Sender::new(0) }))
    }

    fn records(&self) -> MutexGuard<'_, HashMap<StoreKey, Kept>> {
        // No code under this lock can panic halfway through a change, so the records behind a poisoned lock are whole.
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
        // Relaxed: the lock of the records is held, and it orders all uses of the counter.
        let version = Version::new(self.0.last.fetch_add(1, Ordering::Relaxed) + 1);
        let lease_ends = match &entry.state {
            State::Redeeming { lease, .. } => Some(now + *lease),
            State::Idle | State::NoRefreshToken | State::Ended => None,
        };
        records.insert(key.clone(), Kept { record: Record::new(version, entry), lease_ends });
        // Unlocked first: a task that wakes locks the records at once.
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
        // Before the first look, so that no write between the look and the wait is missed.
        let mut writes = self.0.writes.subscribe();
        while self.version(key) == Some(seen) {
            // An error would mean that the sender is gone. It lives as long as this store.
            if writes.changed().await.is_err() {
                break;
            }
        }
        Ok(())
    }
}
