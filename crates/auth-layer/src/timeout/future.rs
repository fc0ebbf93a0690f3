//! The future of a response that must begin in time.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;

use super::timed_out::TimedOut;
use crate::clock::{Clock, Now, Sleep};
use crate::error::BoxError;

pin_project! {
    /// The future of [`Timeout`](super::Timeout)'s responses.
    pub struct ResponseFuture<F> {
        #[pin]
        pub(super) response: F,
        pub(super) bound: Option<Bound>,
    }
}

/// The end of the time that a request has.
pub(super) struct Bound {
    limit: Duration,
    end: Now,
    clock: Arc<dyn Clock>,
    /// Created when the response is not ready at once.
    timer: Option<Sleep>,
}

impl Bound {
    /// Starts the time now. The timer is created only if it is needed, because a reading of the clock is much cheaper.
    pub(super) fn new(limit: Duration, clock: Arc<dyn Clock>) -> Self {
        Self { limit, end: clock.now() + limit, clock, timer: None }
    }
}

impl<F, R, E> Future for ResponseFuture<F>
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
        timer.as_mut().poll(cx).map(|()| Err(TimedOut::new(*limit).into()))
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
