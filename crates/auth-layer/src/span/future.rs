//! The future of a response within a span.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project_lite::pin_project;
use tracing::Span;

pin_project! {
    /// The future of [`Spanned`](super::Spanned)'s responses.
    pub struct ResponseFuture<F> {
        #[pin]
        pub(super) response: F,
        pub(super) span: Span,
    }
}

impl<F, R, E> Future for ResponseFuture<F>
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

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
