//! Keeps the credential that a request was sent with, so that an error can redact it in the server's text.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use auth_layer::BoxError;
use http::{HeaderName, HeaderValue};
use tower_service::Service;

use crate::{Request, Response};

/// The header of a request that carries its credential, in the extensions of its non-2xx response.
#[derive(Clone)]
pub(crate) struct Sent(pub(crate) HeaderValue);

/// A leaf that adds [`Sent`] to non-2xx responses. It is the innermost service, so it sees the header that the layers
/// set.
#[derive(Clone)]
pub(crate) struct Noting<S> {
    leaf: S,
    /// The header that carries the token.
    header: HeaderName,
}

impl<S> Noting<S> {
    pub(crate) const fn new(leaf: S, header: HeaderName) -> Self {
        Self { leaf, header }
    }
}

impl<S> Service<Request> for Noting<S>
where
    S: Service<Request, Response = Response, Error = BoxError>,
    S::Future: Unpin,
{
    type Response = Response;
    type Error = BoxError;
    type Future = NotingFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.leaf.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        // The clone shares the bytes of the header.
        let sent = request.headers().get(&self.header).cloned();
        NotingFuture { response: self.leaf.call(request), sent }
    }
}

/// The future of [`Noting`]'s responses.
pub(crate) struct NotingFuture<F> {
    response: F,
    sent: Option<HeaderValue>,
}

impl<F> Future for NotingFuture<F>
where
    F: Future<Output = Result<Response, BoxError>> + Unpin,
{
    type Output = Result<Response, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut response = ready!(Pin::new(&mut self.response).poll(cx))?;
        // The text of a 2xx response is never put into an error, so nothing has to be redacted in it.
        if !response.status().is_success()
            && let Some(sent) = self.sent.take()
        {
            response.extensions_mut().insert(Sent(sent));
        }
        Poll::Ready(Ok(response))
    }
}
