//! `TimeoutLayer`: limits the time that one send may take.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Request;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::clock::{Clock, Now, Sleep, SystemClock};
use crate::error::BoxError;
use crate::operation::OperationMeta;

/// A layer that drops a request whose response does not begin in time. It is cheap to clone.
///
/// Put it inside of [`RetryLayer`](crate::RetryLayer) and [`AuthLayer`](crate::AuthLayer), next to the transport. Then
/// each send has the whole time, and a wait for a token does not count. The body of a response has no timeout.
///
/// ```
/// use auth_layer::TimeoutLayer;
/// use std::time::Duration;
///
/// let layer = TimeoutLayer::new(Duration::from_secs(5));
/// ```
#[derive(Clone, Debug)]
pub struct TimeoutLayer {
    limit: Limit,
    clock: Arc<dyn Clock>,
}

impl TimeoutLayer {
    /// Creates a layer with one timeout for every operation. The operation's own timeout ([`OperationMeta::timeout`])
    /// is ignored.
    pub fn new(limit: Duration) -> Self {
        Self::of(Limit::Fixed(limit))
    }

    pub(crate) fn of(limit: Limit) -> Self {
        Self { limit, clock: Arc::new(SystemClock::new()) }
    }

    /// Sets the clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }
}

impl<S> Layer<S> for TimeoutLayer {
    type Service = Timeout<S>;

    fn layer(&self, inner: S) -> Timeout<S> {
        Timeout { inner, limit: self.limit, clock: self.clock.clone() }
    }
}

/// The time that a send may take.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    /// No timeout.
    Unlimited,
    /// This timeout for every operation: the user of the stack has set it.
    Fixed(Duration),
    /// The operation's own timeout, or else this one.
    Default(Duration),
}

impl Limit {
    fn of<B>(self, request: &Request<B>) -> Option<Duration> {
        match self {
            Self::Unlimited => None,
            Self::Fixed(limit) => Some(limit),
            Self::Default(limit) => {
                let operation = request.extensions().get::<&'static OperationMeta>();
                Some(operation.and_then(|operation| operation.timeout()).unwrap_or(limit))
            }
        }
    }
}

/// The service of [`TimeoutLayer`].
///
/// A response that is ready at once costs one reading of the clock. Every other response costs a timer.
///
/// # Errors
///
/// Returns a boxed [`TimedOut`] if the response does not begin in time. Errors of the inner service are passed on.
///
/// # Cancel safety
///
/// Dropping a response future drops the request.
///
/// ```
/// # fn show<S>(service: auth_layer::Timeout<S>) {
/// let inner = service.into_inner();
/// # let _ = inner;
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Timeout<S> {
    inner: S,
    limit: Limit,
    clock: Arc<dyn Clock>,
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
    type Future = TimeoutFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // Before the inner `call`, so that the time of `call` itself counts. The timer is created only if it is needed,
        // because a reading of the clock is much cheaper.
        let bound = self.limit.of(&request).map(|limit| Bound {
            limit,
            end: self.clock.now() + limit,
            clock: self.clock.clone(),
            timer: None,
        });
        TimeoutFuture { response: self.inner.call(request), bound }
    }
}

pin_project! {
    /// The future of [`Timeout`]'s responses.
    ///
    /// ```
    /// fn is_named<F>(_: &auth_layer::TimeoutFuture<F>) {}
    /// ```
    pub struct TimeoutFuture<F> {
        #[pin]
        response: F,
        bound: Option<Bound>,
    }
}

struct Bound {
    limit: Duration,
    end: Now,
    clock: Arc<dyn Clock>,
    /// Created when the response is not ready at once.
    timer: Option<Sleep>,
}

impl<F, R, E> Future for TimeoutFuture<F>
where
    F: Future<Output = Result<R, E>>,
    E: Into<BoxError>,
{
    type Output = Result<R, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // The response is polled before the timer: one that is ready at the timeout is returned.
        if let Poll::Ready(outcome) = this.response.poll(cx) {
            return Poll::Ready(outcome.map_err(Into::into));
        }
        let Some(Bound { limit, end, clock, timer }) = this.bound else { return Poll::Pending };
        // The remaining time and not the whole limit: the first poll may come long after `call`.
        let timer = timer.get_or_insert_with(|| clock.sleep(clock.now().until(*end)));
        timer.as_mut().poll(cx).map(|()| Err(TimedOut { limit: *limit }.into()))
    }
}

impl<F> fmt::Debug for TimeoutFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeoutFuture").finish_non_exhaustive()
    }
}

/// The error of a request without a response in time. The server may have acted on the request.
///
/// ```
/// # fn show(error: auth_layer::BoxError) {
/// if let Some(timed_out) = error.downcast_ref::<auth_layer::TimedOut>() {
///     println!("nothing within {:?}", timed_out.limit());
/// }
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedOut {
    limit: Duration,
}

impl TimedOut {
    /// Returns the timeout.
    pub const fn limit(&self) -> Duration {
        self.limit
    }
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "no response within the timeout of {:?}; the server may have acted on the request",
            self.limit
        )
    }
}

impl std::error::Error for TimedOut {}
