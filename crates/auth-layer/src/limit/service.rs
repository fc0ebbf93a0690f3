//! `Throttle`: lets each request go when its turn has come.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::future::ResponseFuture;
use super::layer::Limits;
use super::turn::send_in_turn;
use crate::error::BoxError;

/// The service of [`ThrottleLayer`](super::ThrottleLayer).
///
/// Requests of a class go in the order in which they were given to [`call`](Service::call) and first polled. One that
/// has no limit passes without a lock and without an allocation; one whose turn it is, without an allocation. There is
/// no task behind it. Those who wait need the timer of tokio's runtime. They hold no reservation of the inner service
/// meanwhile: each polls it ready when its turn is due.
///
/// # Errors
///
/// [`Throttled`](super::Throttled), boxed, if a longest wait is set and the turn comes later. What the inner service
/// fails with is passed on.
///
/// # Cancel safety
///
/// Dropping a response future that waits gives its place in line up, and blocks nobody.
///
/// ```
/// # fn show<S>(layer: auth_layer::limit::ThrottleLayer, transport: S) {
/// use auth_layer::limit::Throttle;
/// use tower_layer::Layer;
///
/// let service: Throttle<S> = layer.layer(transport);
/// # }
/// ```
#[derive(Clone)]
pub struct Throttle<S> {
    inner: S,
    limits: Arc<Limits>,
}

impl<S> Throttle<S> {
    pub(super) const fn new(inner: S, limits: Arc<Limits>) -> Self {
        Self { inner, limits }
    }

    /// The wrapped service.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The wrapped service.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, B, R> Service<Request<B>> for Throttle<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: Send + 'static,
    R: 'static,
{
    type Response = Response<R>;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Some(pace) = self.limits.pace(request.uri(), request.extensions()) else {
            return ResponseFuture::sent(self.inner.call(request), None);
        };
        let pace = pace.clone();
        if pace.try_turn() {
            return ResponseFuture::sent(self.inner.call(request), Some(pace));
        }
        // Those who wait reserve nothing: what this instance holds may be what others need to go on.
        self.inner = self.inner.clone();
        let service = self.inner.clone();
        ResponseFuture::waiting(Box::pin(send_in_turn(service, pace, request)))
    }
}

impl<S: fmt::Debug> fmt::Debug for Throttle<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Throttle").field("inner", &self.inner).finish_non_exhaustive()
    }
}
