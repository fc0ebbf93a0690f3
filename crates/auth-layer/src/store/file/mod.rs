//! `FileStore`: records in files, which the processes of one host share.
//!
//! A folder holds these files for each identity:
//!
//! - `<key>.json`: the record. A write replaces the whole file by a rename, so reading needs no lock.
//! - `<key>.lock`: locked while one process compares and replaces the record. The operating system releases the lock
//!   when the process ends. The file is never removed: a process that holds the lock of the removed file would no
//!   longer exclude a process that locks a new one.
//! - `<key>.tmp`: the next record, while it is written. It is left behind only if its process is killed then.

mod beside;
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
