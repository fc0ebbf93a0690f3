//! Renews a token from time to time while no caller asks for it.

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::keeper::Keeper;
use super::token_manager::SharedHandle;

/// Renews the token in each interval until the last handle of the manager is dropped, or the runtime shuts down.
pub(super) async fn keep_alive(handle: Weak<SharedHandle>, every: Duration) {
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
