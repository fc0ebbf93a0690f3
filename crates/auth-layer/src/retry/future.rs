//! `ResponseFuture`: the first attempt is stored in place, all others in a box.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::call::{Call, Outcome};
use super::deadline::DeadlinePassed;
use crate::clock::Sleep;
use crate::error::BoxError;
use crate::replay::TryClone;

pin_project! {
    /// The future of [`Retry`](crate::retry::Retry)'s responses.
    pub struct ResponseFuture<S, B, R>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        state: State<S, B, S::Future, R>,
    }
}

pin_project! {
    #[project = StateProjected]
    enum State<S, B, F, R> {
        /// The first attempt. The timer is created on the first `Pending`: an immediate response needs none.
        First { #[pin] response: F, call: Option<Call<S, B>>, timer: Option<(Sleep, DeadlinePassed)> },
        /// The waits and all further attempts. Boxed, because most calls never get here.
        Again { slow: Pin<Box<dyn Future<Output = Outcome<R>> + Send>> },
    }
}

impl<S, B, R> ResponseFuture<S, B, R>
where
    S: Service<Request<B>>,
{
    pub(super) const fn new(response: S::Future, call: Call<S, B>) -> Self {
        Self { state: State::First { response, call: Some(call), timer: None } }
    }
}

impl<S, B, R> Future for ResponseFuture<S, B, R>
where
    S: Service<Request<B>, Response = Response<R>> + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: TryClone + Send + 'static,
    R: Body + Send + 'static,
    R::Data: Send,
{
    type Output = Outcome<R>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let slow = match self.as_mut().project().state.project() {
                StateProjected::First { response, call, timer } => {
                    // The response is polled before the timer: one that is ready at the deadline is returned.
                    let Poll::Ready(outcome) = response.poll(cx) else {
                        let call = call.as_ref().expect("the future is not polled after completion");
                        if timer.is_none() {
                            *timer = call.timer();
                        }
                        return match timer {
                            Some((sleep, passed)) => sleep.as_mut().poll(cx).map(|()| Err((*passed).into())),
                            None => Poll::Pending,
                        };
                    };
                    let mut outcome = outcome.map_err(Into::into);
                    let call = call.take().expect("the future is not polled after completion");
                    match call.wait(&mut outcome) {
                        Some(wait) => Box::pin(call.retry(outcome, wait)),
                        None => return Poll::Ready(outcome),
                    }
                }
                StateProjected::Again { slow } => return slow.as_mut().poll(cx),
            };
            self.as_mut().project().state.set(State::Again { slow });
        }
    }
}

impl<S, B, R> fmt::Debug for ResponseFuture<S, B, R>
where
    S: Service<Request<B>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
