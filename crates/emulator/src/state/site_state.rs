//! The state that the two hosts and the handle of a site share.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::books::Books;
use super::desk::Desk;
use super::hold::Gates;
use crate::clock::Clock;
use crate::document::Document;
use crate::provider::Provider;

/// The scheme, host and port of the two hosts.
#[derive(Clone, Debug)]
pub(crate) struct Origins {
    pub(crate) auth: String,
    pub(crate) api: String,
}

pub(crate) struct SiteState {
    pub(crate) provider: Provider,
    pub(crate) origins: Origins,
    pub(crate) documents: Vec<Arc<Document>>,
    pub(crate) clock: Clock,
    pub(crate) gates: Gates,
    pub(crate) books: Mutex<Books>,
}

impl SiteState {
    /// Locks the books. After a panic they are still consistent, because every entry is one step, so a poisoned lock is
    /// used.
    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn desk<'a>(&'a self, books: &'a mut Books, sequence: u64) -> Desk<'a> {
        Desk {
            provider: self.provider,
            auth_origin: &self.origins.auth,
            documents: &self.documents,
            now: self.clock.now(),
            books,
            sequence,
        }
    }
}

impl fmt::Debug for SiteState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SiteState")
            .field("provider", &self.provider)
            .field("origins", &self.origins)
            .finish_non_exhaustive()
    }
}
