//! `SpanLayer`: a `tracing` span around each call.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;
use tracing::Span;
use tracing::field::Empty;

use crate::operation::OperationMeta;

/// A layer that puts a span around each call. Its fields follow OpenTelemetry's conventions for HTTP clients: the
/// operation, the method, the host and the path template, and then the status. It has no path, query, header or body,
/// so it contains no secret.
///
/// Make it the outermost layer, so that all attempts of a call are in one span. Without a subscriber it costs almost
/// nothing.
///
/// ```
/// use auth_layer::SpanLayer;
/// use tower_layer::Layer;
///
/// # fn show<S>(inner: S) {
/// let service = SpanLayer::new().layer(inner);
/// # }
/// ```
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

/// The service of [`SpanLayer`].
///
/// ```
/// # fn show<S>(service: auth_layer::Spanned<S>) {
/// let inner = service.into_inner();
/// # let _ = inner;
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Spanned<S> {
    inner: S,
}

impl<S> Spanned<S> {
    /// Returns the wrapped service.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// Returns the wrapped service.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, B, R> Service<Request<B>> for Spanned<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = SpanFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let span = span_of(&request);
        // A service may log, or start work, in `call` already.
        let response = span.in_scope(|| self.inner.call(request));
        SpanFuture { response, span }
    }
}

fn span_of<B>(request: &Request<B>) -> Span {
    let operation = request.extensions().get::<&'static OperationMeta>();
    // Only the method, the host and values from the document: a path, a query or a header may hold a secret.
    tracing::info_span!(
        "request",
        otel.kind = "client",
        otel.name = operation.map(|operation| operation.id()),
        http.request.method = request.method().as_str(),
        server.address = request.uri().host(),
        url.template = operation.map(|operation| operation.path()),
        http.response.status_code = Empty,
        otel.status_code = Empty,
    )
}

pin_project! {
    /// The future of [`Spanned`]'s responses.
    ///
    /// ```
    /// fn is_named<F>(_: &auth_layer::SpanFuture<F>) {}
    /// ```
    pub struct SpanFuture<F> {
        #[pin]
        response: F,
        span: Span,
    }
}

impl<F, R, E> Future for SpanFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let _inside = this.span.enter();
        let outcome = ready!(this.response.poll(cx));
        let status = outcome.as_ref().ok().map(Response::status);
        if let Some(status) = status {
            this.span.record("http.response.status_code", status.as_u16());
        }
        // For a client span, OpenTelemetry counts every status from 400 on as an error.
        if status.is_none_or(|status| status.as_u16() >= 400) {
            this.span.record("otel.status_code", "ERROR");
        }
        Poll::Ready(outcome)
    }
}

impl<F> fmt::Debug for SpanFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpanFuture").finish_non_exhaustive()
    }
}
