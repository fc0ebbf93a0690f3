//! `ResponseFuture`: wait for a token, call inner, look at the answer.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::header::AUTHORIZATION;
use http::{Request, Response, StatusCode};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::body::ResponseBody;
use super::judge::{Judgement, Operation};
use super::layer::Rules;
use super::waiting::ready;
use crate::clock::Clock;
use crate::drain::drain;
use crate::error::{BoxError, Error};
use crate::limit::Pace;
use crate::manager::TokenManager;
use crate::replay::Kept;
use crate::token::Generation;

pin_project! {
    /// The future of [`Auth`](crate::Auth)'s responses.
    ///
    /// ```
    /// use auth_layer::ResponseFuture;
    ///
    /// fn is_named<S, B, R>(_: &ResponseFuture<S, B, R>)
    /// where
    ///     S: tower_service::Service<http::Request<B>>,
    ///     R: http_body::Body,
    /// {
    /// }
    /// ```
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
        /// The request is on its way. `spare` is what the answer to a rejection needs; without it, any response is
        /// the caller's. The pace, if the request has one, hears what the response says.
        Sent { #[pin] response: F, spare: Option<Spare<S, B>>, pace: Option<Arc<Pace>> },
        /// Waiting for a token or a turn, or answering a rejection.
        Slow { slow: SlowFuture<R> },
        Failed { error: Option<Error> },
    }
}

type SlowFuture<R> = Pin<Box<dyn Future<Output = Result<Response<ResponseBody<R>>, BoxError>> + Send>>;

/// What is needed to send once more.
pub(super) struct Spare<S, B> {
    pub(super) service: S,
    pub(super) rules: Arc<Rules>,
    /// The manager of the request's identity, where there is more than one.
    pub(super) chosen: Option<TokenManager>,
    pub(super) operation: Operation,
    /// It is a gRPC call.
    pub(super) is_call: bool,
    /// `None` if the body cannot be sent again.
    pub(super) kept: Option<Kept<B>>,
    /// The token that was sent.
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
                    match refused(response, concerned, pace.take()) {
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

/// Gives the response back, unless it may reject the token that was sent.
#[cold]
fn refused<S, B, R>(
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
    match spare.judge(&response) {
        Judgement::Accepted => {
            spare.accepted();
            Ok(response.map(ResponseBody::new))
        }
        judgement => Err(Box::pin(answer(response, judgement, spare, pace))),
    }
}

impl<S, B> Spare<S, B> {
    /// Whether a response with this status has to be judged at all.
    #[inline]
    fn is_concerned(&self, status: StatusCode) -> bool {
        self.is_call || self.rules.concerns(self.operation, status)
    }

    pub(super) fn judge<R>(&self, response: &Response<R>) -> Judgement {
        let is_whole = || self.kept.as_ref().is_some_and(Kept::is_whole);
        judge(&self.rules, self.operation, self.is_call.then(is_whole), response)
    }

    /// Notes that the API accepted the token.
    #[inline]
    pub(super) fn accepted(&self) {
        self.rules.manager(self.chosen.as_ref()).accept(self.generation);
    }
}

/// Gives the response back, unless it rejects the token, there is another one, and the request can be sent again:
/// then sends it once more.
pub(super) async fn answer<S, B, R>(
    response: Response<R>,
    judgement: Judgement,
    spare: Spare<S, B>,
    pace: Option<Arc<Pace>>,
) -> Result<Response<ResponseBody<R>>, BoxError>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
    R: Body,
{
    let Spare { service, rules, chosen, operation, is_call, kept, generation } = spare;
    let manager = rules.manager(chosen.as_ref());
    let clock = &**manager.clock();
    let (rejected, response) = examine(&rules, operation, response, judgement, clock).await;
    if !rejected {
        manager.accept(generation);
        return Ok(response);
    }
    let Some(kept) = kept.filter(Kept::is_whole) else {
        manager.report(generation);
        return Ok(response);
    };
    let Some(token) = manager.token_for_resend(generation, rules.patience).await else {
        return Ok(response);
    };
    // The turn comes first, as long as the rejection can still be given back.
    let place = match &pace {
        None => None,
        Some(pace) => match pace.place().await {
            Ok(place) => Some(place),
            Err(_too_late) => return Ok(response),
        },
    };
    drain(response.into_body(), clock).await;
    let mut request = kept.into_request(&rules.common);
    let (mut service, token) = ready(service, manager, rules.patience, pace.as_deref(), place, token).await?;
    request.headers_mut().insert(AUTHORIZATION, token.access_token().header().clone());
    manager.resending(token.generation());
    let response = service.call(request).await.map_err(Into::into)?;
    if let Some(pace) = &pace {
        pace.heed(response.status(), response.headers());
    }
    let judgement = judge(&rules, operation, is_call.then_some(true), &response);
    let (rejected, response) = examine(&rules, operation, response, judgement, clock).await;
    manager.resent(token.generation(), !rejected);
    Ok(response)
}

/// Judges the head of a response. `call` says of a gRPC call whether its request has been sent whole.
fn judge<R>(rules: &Rules, operation: Operation, call: Option<bool>, response: &Response<R>) -> Judgement {
    match call {
        Some(is_whole) if response.status() == StatusCode::OK => {
            // A call whose request is still being sent gets its head at once: the server may wait for the rest.
            let unknown = if is_whole { Judgement::LookForTrailers } else { Judgement::Accepted };
            rules.judge_call(response.headers()).unwrap_or(unknown)
        }
        _ => rules.judge(operation, response.status(), response.headers()),
    }
}

/// Whether the response rejects the token, and the response as it came.
async fn examine<R: Body>(
    rules: &Rules,
    operation: Operation,
    response: Response<R>,
    judgement: Judgement,
    clock: &dyn Clock,
) -> (bool, Response<ResponseBody<R>>) {
    let (head, body) = response.into_parts();
    let (rejected, body) = match judgement {
        Judgement::LookInside => {
            let (whole, body) = ResponseBody::peek(body, clock).await;
            (whole.is_some_and(|whole| rules.is_sign(operation, head.status, &whole)), body)
        }
        Judgement::LookForTrailers => {
            ResponseBody::peek_trailers(body, clock, |trailers| rules.rejects_call(trailers)).await
        }
        Judgement::Accepted | Judgement::Rejected => {
            (judgement == Judgement::Rejected, ResponseBody::new(body))
        }
    };
    (rejected, Response::from_parts(head, body))
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
