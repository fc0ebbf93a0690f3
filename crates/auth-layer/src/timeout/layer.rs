//! `TimeoutLayer`: wraps a service with a limit on the time of one send.

use std::sync::Arc;
use std::time::Duration;

use tower_layer::Layer;

use super::limit::Limit;
use super::service::Timeout;
use crate::clock::{Clock, SystemClock};

/// A layer that drops a request whose response does not begin in time. It is cheap to clone.
///
/// Put it inside of [`RetryLayer`](crate::RetryLayer) and [`AuthLayer`](crate::AuthLayer), next to the transport. Then
/// each send has the whole time, and a wait for a token does not count. The body of a response has no timeout.
#[derive(Clone, Debug)]
pub struct TimeoutLayer {
    limit: Limit,
    clock: Arc<dyn Clock>,
}

impl TimeoutLayer {
    /// Creates a layer with one timeout for every operation. The operation's own timeout
    /// ([`OperationMeta::timeout`](crate::OperationMeta::timeout)) is ignored.
    pub fn new(limit: Duration) -> Self {
        Self::of(Limit::Fixed(limit))
    }

    pub(crate) fn of(limit: Limit) -> Self {
        Self { limit, clock: Arc::new(SystemClock::new()) }
    }

    /// Sets the clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }
}

impl<S> Layer<S> for TimeoutLayer {
    type Service = Timeout<S>;

    fn layer(&self, inner: S) -> Timeout<S> {
        Timeout { inner, limit: self.limit, clock: self.clock.clone() }
    }
}
