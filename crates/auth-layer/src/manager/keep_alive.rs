//! Renews a token from time to time while no caller asks for it.

use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use super::handle::SharedHandle;
use super::keeper::Keeper;
use super::token_manager::TokenManager;
use crate::error::{Error, ErrorKind};

impl TokenManager {
    /// Renews the token in each interval even if no caller asks for it. Some refresh tokens expire if they are not
    /// used: with this call they outlive a service that has no requests for weeks. If a refresh token is good for 30
    /// days, a day is a good interval.
    ///
    /// - The interval is counted from the last renewal, including one that a caller caused.
    /// - An interval under 10 s counts as 10 s.
    /// - A renewal that fails is tried again after a tenth of the interval.
    /// - A second call replaces the interval.
    ///
    /// The task runs on the runtime of the caller. It ends with that runtime, or with the manager's last handle.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Interrupted`] outside a tokio runtime.
    ///
    /// ```no_run
    /// # async fn run(manager: auth_layer::TokenManager) -> Result<(), auth_layer::Error> {
    /// manager.keep_alive(std::time::Duration::from_secs(86_400))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn keep_alive(&self, every: Duration) -> Result<(), Error> {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            let message = "the token is not kept alive, because there is no tokio runtime for the task; \
                           call `keep_alive` within one";
            return Err(Error::new(ErrorKind::Interrupted, message));
        };
        let task = runtime.spawn(keep_alive(Arc::downgrade(&self.handle), every)).abort_handle();
        // The lock is held only while the tasks change places. Nothing can panic meanwhile, so poison is ignored.
        let old = self.handle.keep_alive_task.lock().unwrap_or_else(PoisonError::into_inner).replace(task);
        if let Some(old) = old {
            old.abort();
        }
        Ok(())
    }
}

/// Renews the token in each interval until the last handle of the manager is dropped, or the runtime shuts down.
async fn keep_alive(handle: Weak<SharedHandle>, every: Duration) {
    let every = every.max(SHORTEST);
    loop {
        let Some(keeper) = keeper(&handle) else { return };
        let clock = keeper.clock.clone();
        // Callers renew the token as well. So the interval is counted from the last renewal, whatever caused it.
        let mut wait = keeper.until_requested_for(every);
        if wait.is_zero() {
            // A token that another process has fetched may be older than the interval when it arrives.
            let next = keeper.renew().await.map(|_| keeper.until_requested_for(every));
            wait = next.ok().filter(|wait| !wait.is_zero()).unwrap_or(every);
        }
        // Dropped before the sleep, so that a manager without handles does not live on until the sleep ends.
        drop(keeper);
        // The sleep ends early, because a monotonic clock may stop while the machine is suspended. The token goes on
        // ageing then.
        clock.sleep(wait.min(every / PARTS)).await;
    }
}

/// Returns the keeper. It does not hold the handle, since the end of the last handle must be noticed.
fn keeper(handle: &Weak<SharedHandle>) -> Option<Arc<Keeper>> {
    handle.upgrade().map(|handle| handle.keeper.clone())
}

/// A shorter interval counts as this one: a token endpoint is not for polling.
const SHORTEST: Duration = Duration::from_secs(10);

/// The clocks are read this often in an interval. A renewal that failed is tried again after the same time.
const PARTS: u32 = 10;
