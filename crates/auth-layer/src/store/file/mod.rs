//! Records in files, which the processes of one host share.
//!
//! One folder, two files for each identity: `<key>.json` is the record, `<key>.lock` is locked while one process reads,
//! compares and writes. A record is replaced whole, by renaming, so that reading needs no lock; and the lock is the
//! operating system's, which dies with its process. A lock file is never removed: whoever still held the old one would
//! no longer keep anybody out.

mod document;
mod folder;
#[cfg(feature = "keyring")]
mod keyring;
mod owner;
mod sealing;
mod settings;
mod store;

pub use sealing::SealingKey;
pub use store::{FileStore, FileStoreBuilder};
