//! Stores for tokens that must outlive a call.
//!
//! A [`TokenStore`] keeps one [`Record`] for each identity. The record is written before any caller sees the access
//! token that came with it. It has a mark while its refresh token is being redeemed, so that two holders of one store
//! never redeem the same refresh token.
//!
//! A record is found by its [`StoreKey`]. An earlier version of this crate kept it under another key. The first program
//! of this version that needs the record takes it over; `earlier.rs` describes how.
//!
//! ```
//! use auth_layer::store::{Entry, StoreKey};
//! use auth_layer::{MemoryStore, RefreshToken, TokenStore};
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let store = MemoryStore::new();
//! let key = StoreKey::of(["an identity"]);
//! store.compare_exchange(&key, None, Entry::new(RefreshToken::new("r1"))).await?;
//! let record = store.load(&key).await?.expect("just written");
//!
//! let newer = Entry::new(RefreshToken::new("r2"));
//! assert!(store.compare_exchange(&key, Some(record.version), newer).await?.is_some());
//! let too_late = Entry::new(RefreshToken::new("r3"));
//! assert!(store.compare_exchange(&key, Some(record.version), too_late).await?.is_none());
//! # Ok::<(), auth_layer::store::StoreError>(()) }).unwrap();
//! ```

mod earlier;
mod earlier_keys;
mod error;
#[cfg(feature = "file-store")]
mod file;
mod identity_key;
mod key;
mod memory;
mod record;
mod token_store;

pub use error::{StoreError, StoreErrorKind};
#[cfg(feature = "file-store")]
pub use file::{FileStore, FileStoreBuilder, SealingKey};
pub use key::StoreKey;
pub use memory::MemoryStore;
pub use record::{Entry, Label, Record, State, Version};
pub use token_store::TokenStore;
