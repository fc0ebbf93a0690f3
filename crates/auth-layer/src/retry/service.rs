//! `Retry`: the service that sends requests, and sends them again after a failure.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::call::{Call, Rules};
use super::future::ResponseFuture;
use crate::error::BoxError;
use crate::replay::TryClone;

/// The service of [`RetryLayer`](crate::RetryLayer).
///
/// A request that succeeds costs a copy of its head and its body (see [`TryClone`]), and a timer if there is a deadline
/// and the response is not ready at once. A retry boxes its future.
///
/// # Errors
///
/// Returns [`DeadlinePassed`](crate::retry::DeadlinePassed) if there was no response in time, and otherwise the error
/// of the last attempt.
///
/// # Cancel safety
///
/// Dropping a response future drops the request, in progress or waiting. Nothing more is sent.
#[derive(Clone)]
pub struct Retry<S> {
    inner: S,
    rules: Arc<Rules>,
}

impl<S> Retry<S> {
    pub(super) const fn new(inner: S, rules: Arc<Rules>) -> Self {
        Self { inner, rules }
    }

    /// Returns the wrapped service.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// Returns the wrapped service.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, B, R> Service<Request<B>> for Retry<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: TryClone + Send + 'static,
    R: Body + Send + 'static,
    R::Data: Send,
{
    type Response = Response<R>;
    type Error = BoxError;
    type Future = ResponseFuture<S, B, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        // `poll_ready` was called on `self.inner`, so that instance is called now. The clone is polled ready before a
        // retry.
        let call = Call::new(self.inner.clone(), self.rules.clone(), &mut request);
        ResponseFuture::new(self.inner.call(request), call)
    }
}

impl<S: fmt::Debug> fmt::Debug for Retry<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry").field("inner", &self.inner).finish_non_exhaustive()
    }
}
