//! Many calls at once.

use anyhow::Context;
use tokio::task::JoinSet;

use super::tally::Tally;
use super::wait::PATIENCE;
use crate::clients::Client;

/// Calls in progress, each in its own task.
#[must_use = "dropping a wave cancels its calls"]
pub(crate) struct Wave(JoinSet<()>);

impl Wave {
    pub(super) fn start(client: &Client, tally: &Tally, calls: u64) -> Self {
        let mut tasks = JoinSet::new();
        for _ in 0..calls {
            let (client, tally) = (client.clone(), tally.clone());
            tasks.spawn(async move {
                // The tally has counted the result.
                let _ = client.read(&tally).await;
            });
        }
        Self(tasks)
    }

    /// Waits until every call has ended.
    pub(crate) async fn end(self) -> anyhow::Result<()> {
        let _: Vec<()> = tokio::time::timeout(PATIENCE, self.0.join_all())
            .await
            .context("some calls did not end in time")?;
        Ok(())
    }
}
