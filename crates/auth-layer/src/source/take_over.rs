//! Takes over a record that an earlier version of this crate kept under another key.
//!
//! `store/earlier.rs` describes the order of the writes, and why a crash between two of them loses nothing.

use super::custody::Custody;
use crate::store::{Record, State, StoreError};

impl Custody {
    /// Takes over the record under an earlier key, if there is one. It replaces `known`: no record, or one that has no
    /// further use. Returns whether the record under the current key is worth reading again.
    ///
    /// If another process is redeeming a refresh token under the earlier key, this waits for it. The new refresh token
    /// is then taken over, and not the one that was used up.
    pub(super) async fn take_over(&self, known: Option<&Record>) -> Result<bool, StoreError> {
        loop {
            let entry = known.map(|record| &record.entry);
            let Some(found) = self.key().find_earlier(self.store(), entry).await? else {
                // Another process may have taken it over since this one read the record under the current key.
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
                // Ended first, so that no program of the earlier version sends the token while this one may.
                let ended = found.known.being_taken_over();
                if self.store().compare_exchange(&found.key, Some(found.version), ended).await?.is_none() {
                    continue;
                }
            }
            // If another process wrote first, its record is as good: it is the same one, or a new sign-in.
            self.replace(known.map(|record| record.version), found.entry).await?;
            tracing::info!("took over a sign-in that an earlier version kept under another key");
            self.settle_earlier().await;
            return Ok(true);
        }
    }

    /// Takes over a newer record under an earlier key, in place of one that has no further use. Returns false if the
    /// store has no newer record or fails: the error about `known` is then the one to report.
    pub(super) async fn take_over_newer(&self, known: &Record) -> bool {
        let is_newer = self.take_over(Some(known)).await;
        is_newer
            .inspect_err(|error| tracing::warn!(%error, "an earlier version's record cannot be read"))
            .unwrap_or(false)
    }

    /// Writes under the earlier keys that the record is now under the current key. A failure is logged only: the next
    /// process writes it again, and nothing depends on it.
    pub(super) async fn settle_earlier(&self) {
        if let Err(error) = self.key().settle_earlier(self.store()).await {
            tracing::warn!(
                %error,
                "cannot write under its earlier key that a record was taken over; the next start tries again"
            );
        }
    }
}
