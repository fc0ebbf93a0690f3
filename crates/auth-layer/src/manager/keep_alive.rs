//! Renews a token now and then though nobody asks.

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::keeper::Keeper;
use super::token_manager::Handle;

/// Goes on until the last handle of the manager is gone, or the runtime.
pub(super) async fn keep_alive(handle: Weak<Handle>, every: Duration) {
    let every = every.max(SHORTEST);
    loop {
        let Some(keeper) = keeper(&handle) else { return };
        let clock = keeper.clock.clone();
        // Callers renew as well. The next renewal is due when the last one, of whichever kind, is this long ago.
        let mut wait = keeper.until_renewed_for(every);
        if wait.is_zero() {
            // A token that another process has fetched may be older than the interval when it arrives.
            let next = keeper.renew().await.map(|_| keeper.until_renewed_for(every));
            wait = next.ok().filter(|wait| !wait.is_zero()).unwrap_or(every);
        }
        drop(keeper);
        // A part at a time: a monotonic clock rests while the machine is suspended, and the token's life does not.
        clock.sleep(wait.min(every / PARTS)).await;
    }
}

/// The keeper, without holding on to the handle whose end is to be noticed.
fn keeper(handle: &Weak<Handle>) -> Option<Arc<Keeper>> {
    handle.upgrade().map(|handle| handle.keeper.clone())
}

/// A token is not renewed all the time, whatever was asked for.
const SHORTEST: Duration = Duration::from_secs(10);

/// The clocks are read so often in an interval. A renewal that failed is tried again as soon.
const PARTS: u32 = 10;
