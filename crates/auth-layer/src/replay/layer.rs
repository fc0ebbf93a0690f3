//! `ReplayBodyLayer`: makes streams that turn out short fit to be sent again.

use tower_layer::Layer;

use super::service::Replay;

/// Wraps each request's body in a [`ReplayBody`](crate::ReplayBody), so that a stream that turns out short can be sent
/// again. Put it outside of [`RetryLayer`](crate::RetryLayer) and [`AuthLayer`](crate::AuthLayer).
///
/// The first send streams: nothing is held back. Up to 64 KiB are recorded on the way, by a copy; a longer stream is sent
/// once. So is a longer body in hand, which is therefore better left as it is.
///
/// A stream of known length should tell it in its `size_hint`, and not in a header alone: some senders stop at the
/// announced length, and its end is then never seen.
///
/// ```
/// use auth_layer::{ReplayBody, ReplayBodyLayer};
/// use http_body_util::Full;
/// use tower_layer::Layer;
///
/// # let inner = tower::service_fn(|_: http::Request<ReplayBody<Full<bytes::Bytes>>>| async {
/// #     Ok::<_, auth_layer::BoxError>(http::Response::new(String::new()))
/// # });
/// // As it comes: up to 64 KiB of each body.
/// let service = ReplayBodyLayer::new().layer(inner);
///
/// // With room for longer ones.
/// let layer = ReplayBodyLayer::new().with_limit(1024 * 1024);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ReplayBodyLayer {
    limit: usize,
}

impl ReplayBodyLayer {
    /// Records up to 64 KiB of each body.
    pub const fn new() -> Self {
        Self { limit: LIMIT }
    }

    /// Sets how many bytes of a body may be recorded. That much memory may be taken by each request on its way.
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

/// More than nearly every request's body, and little beside what a connection takes.
pub(super) const LIMIT: usize = 64 * 1024;
