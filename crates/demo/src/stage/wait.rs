//! Waits for events that other tasks cause, up to a limit.

use std::time::Duration;

use anyhow::Context;

/// Returns as soon as `condition` holds.
pub(crate) async fn until(what: &str, mut condition: impl FnMut() -> bool) -> anyhow::Result<()> {
    let watch = async {
        while !condition() {
            // The sleep also lets the other tasks run, because there is only one thread.
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::time::timeout(PATIENCE, watch).await.with_context(|| format!("gave up waiting for {what}"))
}

// Short, because each act waits several times.
pub(super) const PAUSE: Duration = Duration::from_millis(1);

/// The limit in real time. Everything on loopback takes much less.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
