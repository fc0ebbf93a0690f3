//! The time of the demo: the client's clock and the provider's clock, moved together.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use auth_layer::{Clock, TestClock};
use emulator::ManualClock;

/// A clock that stays at one time until an act moves it, so that an hour takes no real time. Clones share one time.
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

    /// Moves both clocks. The provider's clock moves first, so that a token is never younger at the provider than at
    /// the client.
    pub(crate) fn advance(&self, by: Duration) {
        self.provider.advance(by);
        self.client.advance(by);
    }

    /// Returns the time since the Unix epoch.
    pub(crate) fn now(&self) -> Duration {
        self.client.now().wall()
    }

    /// Returns whether the client has set a timer.
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
