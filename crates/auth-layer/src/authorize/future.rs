//! `ResponseFuture`: polls the inner service, and looks at its response.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{Request, Response, StatusCode};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::body::ResponseBody;
use super::judge::Judgement;
use super::operation::Operation;
use super::resend::Call;
use super::rules::Rules;
use super::service_sender::ServiceSender;
use crate::error::{BoxError, Error};
use crate::limit::Pace;
use crate::manager::TokenManager;
use crate::replay::Kept;
use crate::token::Generation;

pin_project! {
    /// The response future of [`Auth`](crate::authorize::Auth).
    pub struct ResponseFuture<S, B, R>
    where
        S: Service<Request<B>>,
        R: Body,
    {
        #[pin]
        state: State<S, B, S::Future, R>,
    }
}

pin_project! {
    #[project = StateProjected]
    enum State<S, B, F, R: Body> {
        /// The request was sent. Without a `spare`, the caller gets every response as it is. The pace reads rate limits
        /// from the response.
        Sent { #[pin] response: F, spare: Option<Spare<S, B>>, pace: Option<Arc<Pace>> },
        /// The request waits for a token or a turn, or its response may be a rejection.
        Slow { slow: SlowFuture<R> },
        Failed { error: Option<Error> },
    }
}

type SlowFuture<R> = Pin<Box<dyn Future<Output = Result<Response<ResponseBody<R>>, BoxError>> + Send>>;

/// Everything that a second send needs. It is part of each request's future, so it is kept small.
pub(super) struct Spare<S, B> {
    pub(super) service: S,
    pub(super) rules: Arc<Rules>,
    /// The manager of the request's identity. `None` if there is one manager for all requests.
    pub(super) chosen: Option<TokenManager>,
    pub(super) operation: Operation,
    /// The request is a gRPC call.
    pub(super) is_call: bool,
    /// `None` if the body cannot be sent again.
    pub(super) kept: Option<Kept<B>>,
    /// The generation of the token that was sent.
    pub(super) generation: Generation,
}

impl<S, B, R> ResponseFuture<S, B, R>
where
    S: Service<Request<B>>,
    R: Body,
{
    pub(super) const fn sent(
        response: S::Future,
        spare: Option<Spare<S, B>>,
        pace: Option<Arc<Pace>>,
    ) -> Self {
        Self { state: State::Sent { response, spare, pace } }
    }

    #[cold]
    pub(super) fn slow(
        slow: impl Future<Output = Result<Response<ResponseBody<R>>, BoxError>> + Send + 'static,
    ) -> Self {
        Self { state: State::Slow { slow: Box::pin(slow) } }
    }

    pub(super) const fn failed(error: Error) -> Self {
        Self { state: State::Failed { error: Some(error) } }
    }
}

impl<S, B, R> Future for ResponseFuture<S, B, R>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: Send + 'static,
    R: Body + Send + 'static,
    R::Data: Send,
    R::Error: Send,
{
    type Output = Result<Response<ResponseBody<R>>, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let slow = match self.as_mut().project().state.project() {
                StateProjected::Sent { response, spare, pace } => {
                    let response = ready!(response.poll(cx)).map_err(Into::into)?;
                    let status = response.status();
                    if let Some(pace) = pace {
                        pace.heed(status, response.headers());
                    }
                    let Some(concerned) = spare.take_if(|spare| spare.is_concerned(status)) else {
                        if let Some(spare) = spare {
                            spare.accepted();
                        }
                        return Poll::Ready(Ok(response.map(ResponseBody::new)));
                    };
                    match judge_or_answer(response, concerned, pace.take()) {
                        Ok(response) => return Poll::Ready(Ok(response)),
                        Err(slow) => slow,
                    }
                }
                StateProjected::Slow { slow } => return slow.as_mut().poll(cx),
                StateProjected::Failed { error } => {
                    let error = error.take().expect("a future is not polled after it is done");
                    return Poll::Ready(Err(error.into()));
                }
            };
            self.as_mut().project().state.set(State::Slow { slow });
        }
    }
}

/// Returns the response at once, unless it may reject the token that was sent.
#[cold]
fn judge_or_answer<S, B, R>(
    response: Response<R>,
    spare: Spare<S, B>,
    pace: Option<Arc<Pace>>,
) -> Result<Response<ResponseBody<R>>, SlowFuture<R>>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: Send + 'static,
    R: Body + Send + 'static,
    R::Data: Send,
    R::Error: Send,
{
    let is_whole = || spare.kept.as_ref().is_some_and(Kept::is_whole);
    let call = spare.is_call.then(is_whole);
    match spare.rules.judge_response(spare.operation, call, response.status(), response.headers()) {
        Judgement::Accepted => {
            spare.accepted();
            Ok(response.map(ResponseBody::new))
        }
        judgement => Err(Box::pin(spare.answer(response, judgement, pace))),
    }
}

impl<S, B> Spare<S, B> {
    /// Returns whether a response with this status has to be judged at all.
    #[inline]
    fn is_concerned(&self, status: StatusCode) -> bool {
        self.is_call || self.rules.concerns(self.operation, status)
    }

    /// Notes that the API accepted the token.
    #[inline]
    fn accepted(&self) {
        self.rules.manager(self.chosen.as_ref()).accept(self.generation);
    }

    /// Answers a response that may reject the token.
    async fn answer<R>(
        self,
        response: Response<R>,
        judgement: Judgement,
        pace: Option<Arc<Pace>>,
    ) -> Result<Response<ResponseBody<R>>, BoxError>
    where
        S: Service<Request<B>, Response = Response<R>> + Clone,
        S::Error: Into<BoxError>,
        R: Body,
    {
        let Self { service, rules, chosen, operation, is_call, kept, generation } = self;
        let call = Call {
            sender: ServiceSender::new(service),
            rules: &rules,
            manager: rules.manager(chosen.as_ref()),
            operation,
            is_grpc: is_call,
            pace: pace.as_deref(),
        };
        call.answer(response, judgement, kept, generation).await
    }
}

impl<S, B, R> fmt::Debug for ResponseFuture<S, B, R>
where
    S: Service<Request<B>>,
    R: Body,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
