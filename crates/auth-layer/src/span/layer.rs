//! `SpanLayer`: wraps a service with a span for each call.

use tower_layer::Layer;

use super::service::Spanned;

/// A layer that puts a span around each call. Its fields follow OpenTelemetry's conventions for HTTP clients: the
/// operation, the method, the host and the path template, and then the status. It has no path, query, header or body,
/// so it contains no secret.
///
/// Make it the outermost layer, so that all attempts of a call are in one span. Without a subscriber it costs almost
/// nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct SpanLayer(());

impl SpanLayer {
    /// Creates a layer with spans at the level `INFO`.
    pub const fn new() -> Self {
        Self(())
    }
}

impl<S> Layer<S> for SpanLayer {
    type Service = Spanned<S>;

    fn layer(&self, inner: S) -> Spanned<S> {
        Spanned { inner }
    }
}
