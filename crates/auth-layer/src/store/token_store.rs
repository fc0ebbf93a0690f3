//! `TokenStore`: the trait of all stores.

use std::fmt;

use async_trait::async_trait;

use super::error::StoreError;
use super::key::StoreKey;
use super::record::{Entry, Record, Version};

/// A store that keeps one record for each identity. [`MemoryStore`](crate::MemoryStore) is the simplest implementation,
/// and the model for others.
///
/// A write that has returned is as durable as the store can make it, and every later `load` returns it.
///
/// # Cancel safety
///
/// Dropping a future of `load` or `changed` does nothing. If a future of `compare_exchange` is dropped, the record is
/// unchanged or the write is complete. It is never written in part.
#[async_trait]
pub trait TokenStore: fmt::Debug + Send + Sync + 'static {
    /// Reads the record of an identity.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if the store cannot be reached or the record cannot be read.
    async fn load(&self, key: &StoreKey) -> Result<Option<Record>, StoreError>;

    /// Writes `entry` if the record still has the version `expected`, and returns the new version. An `expected` of
    /// `None` means that there must be no record.
    ///
    /// Returns `None` and writes nothing if the record has another version by now.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if the store cannot be reached. The entry may have been written all the same.
    async fn compare_exchange(
        &self,
        key: &StoreKey,
        expected: Option<Version>,
        entry: Entry,
    ) -> Result<Option<Version>, StoreError>;

    /// Removes the record of an identity, whatever its version is. A missing record is not an error.
    ///
    /// A record that is written later must not get a version that the removed one had. A process that still knows such
    /// a version would take the new record for the old one.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if the store cannot be reached. The record may have been removed all the same.
    async fn remove(&self, key: &StoreKey) -> Result<(), StoreError>;

    /// Waits until the record has another version than `seen`. It may return early, so the caller reads the record
    /// again.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if the store cannot be reached.
    async fn changed(&self, key: &StoreKey, seen: Version) -> Result<(), StoreError>;
}
