//! Many calls at once.

use anyhow::Context;
use tokio::task::JoinSet;

use super::tally::Tally;
use super::wait::PATIENCE;
use crate::clients::Client;

/// Calls under way, each in a task of its own.
#[must_use = "a wave that is dropped takes its calls with it"]
pub(crate) struct Wave(JoinSet<()>);

impl Wave {
    pub(super) fn start(client: &Client, tally: &Tally, calls: u64) -> Self {
        let mut tasks = JoinSet::new();
        for _ in 0..calls {
            let (client, tally) = (client.clone(), tally.clone());
            tasks.spawn(async move {
                // The tally knows what became of it.
                let _ = client.read(&tally).await;
            });
        }
        Self(tasks)
    }

    /// Waits until every call is back.
    pub(crate) async fn end(self) -> anyhow::Result<()> {
        let _: Vec<()> = tokio::time::timeout(PATIENCE, self.0.join_all()).await.context("calls hang")?;
        Ok(())
    }
}
