//! Remembers which credential a request was sent with, so that an error can strike it out of what the server says.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use auth_layer::BoxError;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use tower_service::Service;

use crate::{Request, Response};

/// The credential that a request carried, in the extensions of a response that is no success.
#[derive(Clone)]
pub(crate) struct Sent(pub(crate) HeaderValue);

/// A leaf that tells with which credential it was called.
#[derive(Clone)]
pub(crate) struct Noting<S>(pub(crate) S);

impl<S> Service<Request> for Noting<S>
where
    S: Service<Request, Response = Response, Error = BoxError>,
    S::Future: Unpin,
{
    type Response = Response;
    type Error = BoxError;
    type Future = NotingFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        // It is shared with the request, not copied.
        let sent = request.headers().get(AUTHORIZATION).cloned();
        NotingFuture { response: self.0.call(request), sent }
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
        // A response that says yes is not asked for its words.
        if !response.status().is_success()
            && let Some(sent) = self.sent.take()
        {
            response.extensions_mut().insert(Sent(sent));
        }
        Poll::Ready(Ok(response))
    }
}
