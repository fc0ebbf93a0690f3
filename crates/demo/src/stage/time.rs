//! The time on the stage: the client's clock and the provider's, moved together.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use auth_layer::{Clock, TestClock};
use emulator::ManualClock;

/// Stands still until an act moves it, so that an hour costs nothing. Clones share one time.
#[derive(Clone, Debug)]
pub(crate) struct Time {
    client: TestClock,
    provider: ManualClock,
}

impl Time {
    pub(crate) fn new() -> Self {
        let client = TestClock::new();
        let provider = ManualClock::new(SystemTime::UNIX_EPOCH + client.now().wall());
        Self { client, provider }
    }

    /// The provider's time goes first, so that no token is younger there than the client takes it for.
    pub(crate) fn advance(&self, by: Duration) {
        self.provider.advance(by);
        self.client.advance(by);
    }

    /// Since the Unix epoch.
    pub(crate) fn now(&self) -> Duration {
        self.client.now().wall()
    }

    /// Whether the client has set itself a deadline.
    pub(crate) fn has_deadline(&self) -> bool {
        self.client.sleepers() > 0
    }

    pub(crate) fn client(&self) -> Arc<dyn Clock> {
        Arc::new(self.client.clone())
    }

    pub(crate) const fn provider(&self) -> &ManualClock {
        &self.provider
    }
}
