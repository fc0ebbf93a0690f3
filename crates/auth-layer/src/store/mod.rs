//! Where tokens that must outlive a call are kept.
//!
//! A [`TokenStore`] keeps one [`Record`] for each identity. It is written before anyone sees the access
//! token that came with it, and it carries a mark while a refresh token is on its way, so that two holders of
//! one store never redeem the same refresh token.
//!
//! Records are found by a [`StoreKey`]. A record that an earlier version of this crate kept under another key is taken
//! over by the first program of this version that wants it: `earlier.rs` says how.

mod earlier;
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
