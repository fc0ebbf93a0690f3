//! `Timeout`: starts the time of a request before the inner service is called.

use std::sync::Arc;
use std::task::{Context, Poll};

use http::Request;
use tower_service::Service;

use super::future::{Bound, ResponseFuture};
use super::limit::Limit;
use crate::clock::Clock;
use crate::error::BoxError;

/// The service of [`TimeoutLayer`](super::TimeoutLayer).
///
/// A response that is ready at once costs one reading of the clock. Every other response costs a timer.
///
/// # Errors
///
/// Returns a boxed [`TimedOut`](super::TimedOut) if the response does not begin in time. Errors of the inner service
/// are passed on.
///
/// # Cancel safety
///
/// Dropping a response future drops the request.
#[derive(Clone, Debug)]
pub struct Timeout<S> {
    pub(super) inner: S,
    pub(super) limit: Limit,
    pub(super) clock: Arc<dyn Clock>,
}

impl<S> Timeout<S> {
    /// Returns the wrapped service.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// Returns the wrapped service.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, B> Service<Request<B>> for Timeout<S>
where
    S: Service<Request<B>>,
    S::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // Before the inner `call`, so that the time of `call` itself counts.
        let bound = self.limit.of(&request).map(|limit| Bound::new(limit, self.clock.clone()));
        ResponseFuture { response: self.inner.call(request), bound }
    }
}
