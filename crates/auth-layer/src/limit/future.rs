//! `ResponseFuture`: waits for the turn, calls the inner service, and reads the rate limit headers of the response.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project_lite::pin_project;

use super::pace::Pace;
use crate::error::BoxError;

pin_project! {
    /// The future of [`Throttle`](super::Throttle)'s responses.
    pub struct ResponseFuture<F, R> {
        #[pin]
        state: State<F, R>,
    }
}

pin_project! {
    #[project = StateProjected]
    enum State<F, R> {
        /// The request is sent. The pace, if the request has one, reads the headers of the response.
        Sent { #[pin] response: F, pace: Option<Arc<Pace>> },
        /// The request waits for its turn. Boxed, because most requests do not wait.
        Waiting { waiting: WaitingFuture<R> },
    }
}

type WaitingFuture<R> = Pin<Box<dyn Future<Output = Result<Response<R>, BoxError>> + Send>>;

impl<F, R> ResponseFuture<F, R> {
    pub(super) const fn sent(response: F, pace: Option<Arc<Pace>>) -> Self {
        Self { state: State::Sent { response, pace } }
    }

    pub(super) const fn waiting(waiting: WaitingFuture<R>) -> Self {
        Self { state: State::Waiting { waiting } }
    }
}

impl<F, R, E> Future for ResponseFuture<F, R>
where
    F: Future<Output = Result<Response<R>, E>>,
    E: Into<BoxError>,
{
    type Output = Result<Response<R>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjected::Sent { response, pace } => {
                let response = ready!(response.poll(cx)).map_err(Into::into)?;
                if let Some(pace) = pace {
                    pace.heed(response.status(), response.headers());
                }
                Poll::Ready(Ok(response))
            }
            StateProjected::Waiting { waiting } => waiting.as_mut().poll(cx),
        }
    }
}

impl<F, R> fmt::Debug for ResponseFuture<F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
