//! Waits for something that other tasks bring about, though not for ever.

use std::time::Duration;

use anyhow::Context;

/// Returns as soon as `condition` holds.
pub(crate) async fn until(what: &str, mut condition: impl FnMut() -> bool) -> anyhow::Result<()> {
    let watch = async {
        while !condition() {
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::time::timeout(PATIENCE, watch).await.with_context(|| format!("waited in vain for {what}"))
}

pub(super) const PAUSE: Duration = Duration::from_millis(1);

/// Real time: far more than anything on loopback takes.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
