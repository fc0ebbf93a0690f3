//! `ReplayBodyLayer`: makes short streams resendable.

use tower_layer::Layer;

use super::service::Replay;

/// A layer that wraps each request's body in a [`ReplayBody`](crate::replay::ReplayBody), so that a short stream can be
/// sent again. Put it outside of [`RetryLayer`](crate::RetryLayer) and [`AuthLayer`](crate::AuthLayer).
///
/// The first send is streamed without delay. Meanwhile up to 64 KiB are copied into a recording. A longer stream is
/// sent once. This is also true for a longer body that is in memory, so do not put this layer around such bodies.
///
/// A stream of known length should return it from `size_hint`, and not only set a header. Some senders stop at the
/// length in the header, and the end of the stream is then never seen.
#[derive(Clone, Copy, Debug)]
pub struct ReplayBodyLayer {
    limit: usize,
}

impl ReplayBodyLayer {
    /// Creates a layer that records up to 64 KiB of each body.
    pub const fn new() -> Self {
        Self { limit: LIMIT }
    }

    /// Sets how many bytes of a body are recorded at most. Each request in progress may take that much memory.
    #[must_use]
    pub const fn with_limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }
}

impl Default for ReplayBodyLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for ReplayBodyLayer {
    type Service = Replay<S>;

    fn layer(&self, inner: S) -> Replay<S> {
        Replay::new(inner, self.limit)
    }
}

/// 64 KiB: more than nearly every request's body, and little compared with the buffers of a connection.
pub(super) const LIMIT: usize = 64 * 1024;
