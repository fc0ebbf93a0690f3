//! Stores for tokens that must outlive a call.
//!
//! A [`TokenStore`] keeps one [`Record`] for each identity. The record is written before any caller sees the access
//! token that came with it. It has a mark while its refresh token is being redeemed, so that two holders of one store
//! never redeem the same refresh token.
//!
//! A record is found by its [`StoreKey`]. An earlier version of this crate kept it under another key. The first program
//! of this version that needs the record takes it over; `earlier.rs` describes how.

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
