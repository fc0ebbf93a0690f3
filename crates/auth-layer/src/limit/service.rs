//! `Throttle`: the service that sends each request in its turn.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::future::ResponseFuture;
use super::limits::Limits;
use super::turn::send_in_turn;
use crate::error::BoxError;

/// The service of [`ThrottleLayer`](super::ThrottleLayer).
///
/// Requests of a class are sent in the order in which they were given to [`call`](Service::call) and first polled.
///
/// - A request without a limit costs no lock and no allocation.
/// - A request whose turn is due costs no allocation.
/// - A waiting request needs the timer of a tokio runtime, but no task. It holds no reservation of the inner service,
///   which is polled ready when the turn is due.
///
/// # Errors
///
/// Returns a boxed [`Throttled`](super::Throttled) if a maximum wait is set and the turn comes later. Errors of the
/// inner service are passed on.
///
/// # Cancel safety
///
/// Dropping a waiting response future gives up its place in line, and does not block other requests.
#[derive(Clone)]
pub struct Throttle<S> {
    inner: S,
    limits: Arc<Limits>,
}

impl<S> Throttle<S> {
    pub(super) const fn new(inner: S, limits: Arc<Limits>) -> Self {
        Self { inner, limits }
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
        // A waiting request must not hold a reservation of the inner service, such as a permit of a concurrency limit:
        // other requests may need it to finish. A clone holds none.
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
