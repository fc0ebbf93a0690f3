//! Takes over a record that an earlier version of this crate kept under another key.
//!
//! `store/earlier.rs` says in which order the writes come, and why a crash between two of them loses nothing.

use super::custody::Custody;
use crate::store::{Record, State, StoreError};

impl Custody {
    /// Takes over the record under an earlier key, if there is one, in place of `known`: nothing, or a record that is of no
    /// more use. Returns whether the record under the key of today is worth reading again.
    ///
    /// A refresh token that another process is redeeming under the earlier key is waited for: what comes back is taken
    /// over, and never what was used up for it.
    pub(super) async fn take_over(&self, known: Option<&Record>) -> Result<bool, StoreError> {
        loop {
            let entry = known.map(|record| &record.entry);
            let Some(found) = self.key().find_earlier(self.store(), entry).await? else {
                // Another process may have taken it over since this one looked under the key of today.
                let now = self.load().await?;
                return Ok(now.map(|record| record.version) != known.map(|record| record.version));
            };
            if let State::Redeeming { lease, .. } = found.known.state
                && !lease.is_zero()
            {
                self.wait_for(&found.key, found.version, lease).await?;
                continue;
            }
            if found.is_live {
                let ended = found.known.being_taken_over();
                if self.store().compare_exchange(&found.key, Some(found.version), ended).await?.is_none() {
                    continue;
                }
            }
            // If another process wrote first, its record is as good: it is this one, or a new sign-in.
            self.replace(known.map(|record| record.version), found.entry).await?;
            tracing::info!("a sign-in that an earlier version kept under another key was taken over");
            self.settle_earlier().await;
            return Ok(true);
        }
    }

    /// The same in place of a record that is of no more use. A store that cannot tell changes nothing about that record.
    pub(super) async fn take_over_newer(&self, known: &Record) -> bool {
        let is_newer = self.take_over(Some(known)).await;
        is_newer
            .inspect_err(|error| tracing::warn!(%error, "an earlier version's record cannot be read"))
            .unwrap_or(false)
    }

    /// Says under the earlier keys that there is a record under the key of today. That is written once more by the next
    /// process if it fails now, and nothing waits for it.
    pub(super) async fn settle_earlier(&self) {
        if let Err(error) = self.key().settle_earlier(self.store()).await {
            tracing::warn!(%error, "that a record was taken over could not be written under its earlier key");
        }
    }
}
