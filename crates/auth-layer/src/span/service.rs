//! `Spanned`: opens the span of a request.

use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;
use tracing::Span;
use tracing::field::Empty;

use super::future::ResponseFuture;
use crate::operation::OperationMeta;

/// The service of [`SpanLayer`](super::SpanLayer).
#[derive(Clone, Debug)]
pub struct Spanned<S> {
    pub(super) inner: S,
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
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let span = span_of(&request);
        // A service may log, or start work, in `call` already.
        let response = span.in_scope(|| self.inner.call(request));
        ResponseFuture { response, span }
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
