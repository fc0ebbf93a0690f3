//! `SharedHandle`: stops the tasks of a manager when its last handle is dropped.

use std::sync::{Arc, Mutex, PoisonError};

use super::keeper::Keeper;

/// The part of a manager that its handles share. Exchanges do not hold it, so it is dropped with the last handle. It
/// then stops the manager's tasks.
#[derive(Debug)]
pub(super) struct SharedHandle {
    pub(super) keeper: Arc<Keeper>,
    /// The task of [`TokenManager::keep_alive`](super::TokenManager::keep_alive), if that was called.
    pub(super) keep_alive_task: Mutex<Option<tokio::task::AbortHandle>>,
}

impl Drop for SharedHandle {
    fn drop(&mut self) {
        self.keeper.abort_flight();
        if let Some(task) = self.keep_alive_task.get_mut().unwrap_or_else(PoisonError::into_inner) {
            task.abort();
        }
    }
}
