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
        let wait =
            if keeper.renewed_within(every) || keeper.renew().await.is_ok() { every } else { every / SOONER };
        drop(keeper);
        clock.sleep(wait).await;
    }
}

/// The keeper, without holding on to the handle whose end is to be noticed.
fn keeper(handle: &Weak<Handle>) -> Option<Arc<Keeper>> {
    handle.upgrade().map(|handle| handle.keeper.clone())
}

/// A token is not renewed all the time, whatever was asked for.
const SHORTEST: Duration = Duration::from_secs(10);

/// A renewal that failed is tried again after this part of the interval.
const SOONER: u32 = 10;
