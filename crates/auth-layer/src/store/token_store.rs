//! The trait that every store fulfils.

use std::fmt;

use async_trait::async_trait;

use super::error::StoreError;
use super::key::StoreKey;
use super::record::{Entry, Record, Version};

/// Keeps one record for each identity. [`MemoryStore`](crate::MemoryStore) is the first implementation, and
/// the model for others.
///
/// A write that returned is durable as far as the store can make it, and seen by every later `load`.
///
/// # Cancel safety
///
/// Dropping a future of `load` or `changed` does nothing. Dropping one of `compare_exchange` leaves the
/// record as it was or written whole.
///
/// ```
/// use auth_layer::{Entry, MemoryStore, RefreshToken, StoreKey, TokenStore};
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let store = MemoryStore::new();
/// let key = StoreKey::of(["an identity"]);
/// store.compare_exchange(&key, None, Entry::new(RefreshToken::new("r1"))).await?;
/// let record = store.load(&key).await?.expect("just written");
///
/// let newer = Entry::new(RefreshToken::new("r2"));
/// assert!(store.compare_exchange(&key, Some(record.version), newer).await?.is_some());
/// let too_late = Entry::new(RefreshToken::new("r3"));
/// assert!(store.compare_exchange(&key, Some(record.version), too_late).await?.is_none());
/// # Ok::<(), auth_layer::StoreError>(()) }).unwrap();
/// ```
#[async_trait]
pub trait TokenStore: fmt::Debug + Send + Sync + 'static {
    /// Reads the record of an identity.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be reached or what it holds cannot be read.
    async fn load(&self, key: &StoreKey) -> Result<Option<Record>, StoreError>;

    /// Writes `entry` if the record still has version `expected` (`None`: if there is no record), and
    /// returns the new version; returns `None`, having written nothing, if somebody else was first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be reached. Whether the entry was written is then unknown.
    async fn compare_exchange(
        &self,
        key: &StoreKey,
        expected: Option<Version>,
        entry: Entry,
    ) -> Result<Option<Version>, StoreError>;

    /// Removes the record of an identity, whatever its version; one that is not there is no error. A record that is made
    /// anew afterwards gets no version that the old one had, so that nobody takes it for the old one.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be reached. Whether the record was removed is then unknown.
    async fn remove(&self, key: &StoreKey) -> Result<(), StoreError>;

    /// Waits until the record has another version than `seen`. It may return early; the caller looks again.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be reached.
    async fn changed(&self, key: &StoreKey, seen: Version) -> Result<(), StoreError>;
}
