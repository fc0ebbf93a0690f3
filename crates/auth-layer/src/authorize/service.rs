//! `Auth`: the service that decides about each request, and sends it.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::{self, Either, TryFutureExt};
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::body::ResponseBody;
use super::decide::Permit;
use super::future::{ResponseFuture, Spare};
use super::grpc;
use super::operation::Operation;
use super::rules::Rules;
use super::waiting::Waiting;
use crate::error::{BoxError, Error};
use crate::limit::{self, Pace};
use crate::manager::{Token, TokenManager};
use crate::replay::{Keep, Kept, TryClone};

/// The service of [`AuthLayer`](crate::AuthLayer).
///
/// A request with a cached token takes no lock, allocates nothing and boxes nothing. Its future is boxed only if it
/// waits for a token or a turn, or if its response may reject the token. The service holds the last token it sent until
/// its next call, or until it is dropped.
///
/// A call that waits gives up the reservation that `poll_ready` made in the inner service. It polls a clone ready once
/// it can send. So the inner service may have a concurrency limit that token requests share.
///
/// [`AuthLayer`](crate::AuthLayer#bounds) lists the bounds of the inner service, and what to do if one does not hold.
///
/// # Errors
///
/// - Returns [`Error`], boxed, if the request needs a token and cannot get one. The request is not sent.
/// - Returns [`Throttled`](crate::limit::Throttled), boxed, if the turn under a rate limit comes too late.
/// - Returns the errors of the inner service unchanged.
///
/// # Cancel safety
///
/// Dropping a response future drops the request and nothing else. A token request that runs goes on, except outside a
/// tokio runtime.
///
/// ```
/// # async fn show<S>(mut service: auth_layer::authorize::Auth<S>) -> Result<(), auth_layer::BoxError>
/// # where
/// #     S: tower_service::Service<http::Request<String>, Response = http::Response<String>> + Clone + Send + 'static,
/// #     S::Error: Into<auth_layer::BoxError>,
/// #     S::Future: Send,
/// # {
/// use tower::ServiceExt;
///
/// let request = http::Request::get("https://api.example.com/me").body(String::new())?;
/// let response = service.ready().await?;
/// # let _ = (response, request);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Auth<S> {
    inner: S,
    rules: Arc<Rules>,
    /// The token that was sent last. With it, the next call need not touch the reference count that all clones share.
    last_token: Option<Arc<Token>>,
}

impl<S> Auth<S> {
    pub(super) const fn new(inner: S, rules: Arc<Rules>) -> Self {
        Self { inner, rules, last_token: None }
    }

    /// Returns a reference to the wrapped service.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// Returns the wrapped service.
    pub fn into_inner(self) -> S {
        self.inner
    }

    pub(super) fn poll_inner<B>(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>>
    where
        S: Service<Request<B>>,
        S::Error: Into<BoxError>,
    {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    /// Sends one request. `keep` makes the copy that can be sent again.
    #[inline]
    pub(super) fn send<B, R>(&mut self, mut request: Request<B>, keep: Keep<B>) -> ResponseFuture<S, B, R>
    where
        S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        B: Send + 'static,
        R: Body + Send + 'static,
        R::Data: Send,
        R::Error: Send,
    {
        let operation = match self.rules.permit(request.uri(), request.headers(), request.extensions()) {
            Permit::Managed(operation) => operation,
            Permit::Untouched => return self.pass(request),
            Permit::Given(bearer) => {
                self.rules.put_given(request.headers_mut(), &bearer);
                return self.pass(request);
            }
            Permit::Refused(error) => return self.refuse(error),
        };
        let chosen = match self.rules.choose(operation, request.extensions()) {
            Ok(chosen) => chosen,
            Err(error) => return self.refuse(error),
        };
        let pace = self.rules.pace(&request).cloned();
        let manager = self.rules.manager(chosen.as_ref());
        // `last_token` belongs to the only manager. The managers of a pool have other tokens.
        let last_token = if chosen.is_none() { &mut self.last_token } else { &mut None };
        let token = match manager.cached_token(last_token) {
            Some(token) if !self.rules.may_carry(request.uri(), token) => {
                self.rules.unlisted.note(request.uri());
                return self.pass(request);
            }
            Some(token) if pace.as_ref().is_none_or(|pace| pace.try_turn()) => {
                let generation = token.generation();
                let is_call = grpc::is_call(&request);
                let kept = keep(&mut request, &self.rules.common);
                self.rules.put(request.headers_mut(), token.access_token());
                // `self.inner` was polled ready, so it sends this request. The clone is polled before it sends.
                let service = self.inner.clone();
                let spare = Spare {
                    service,
                    rules: self.rules.clone(),
                    chosen,
                    operation,
                    is_call,
                    kept,
                    generation,
                };
                return ResponseFuture::sent(self.inner.call(request), Some(spare), pace);
            }
            token => token.cloned(),
        };
        self.send_later(token, chosen, operation, pace, request, keep)
    }

    /// Sends a request that has to wait for a token or a turn.
    // Never inlined, so that the code of a wait does not slow down the requests that do not wait.
    #[cold]
    #[inline(never)]
    fn send_later<B, R>(
        &mut self,
        token: Option<Arc<Token>>,
        chosen: Option<TokenManager>,
        operation: Operation,
        pace: Option<Arc<Pace>>,
        request: Request<B>,
        keep: Keep<B>,
    ) -> ResponseFuture<S, B, R>
    where
        S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        B: Send + 'static,
        R: Body + Send + 'static,
        R::Data: Send,
        R::Error: Send,
    {
        let wait = match token {
            Some(token) => Either::Left(future::ready(Ok(token))),
            None => match self.rules.manager(chosen.as_ref()).wait_for_token(self.rules.patience) {
                Ok(wait) => Either::Right(wait),
                Err(error) => return self.refuse(error),
            },
        };
        let service = self.unreserved();
        let waiting = Waiting { service, rules: self.rules.clone(), chosen, operation, pace, request, keep };
        ResponseFuture::slow(waiting.send(wait))
    }

    /// Sends a request that carries no managed token.
    fn pass<B, R>(&mut self, request: Request<B>) -> ResponseFuture<S, B, R>
    where
        S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        B: Send + 'static,
        R: Body + Send + 'static,
    {
        match self.rules.pace(&request).cloned() {
            Some(pace) if !pace.try_turn() => {
                let sent = limit::send_in_turn(self.unreserved(), pace, request);
                ResponseFuture::slow(sent.map_ok(|response| response.map(ResponseBody::new)))
            }
            pace => ResponseFuture::sent(self.inner.call(request), None, pace),
        }
    }

    /// Fails a request without sending it.
    #[cold]
    fn refuse<B, R>(&mut self, error: Error) -> ResponseFuture<S, B, R>
    where
        S: Service<Request<B>> + Clone,
        R: Body,
    {
        // The instance that was polled ready is dropped, since its reservation would block other callers.
        self.inner = self.inner.clone();
        ResponseFuture::failed(error)
    }

    /// Returns an instance of the inner service that has reserved nothing, for a request that has to wait. The instance
    /// that was polled ready is dropped: a token request may need its reservation.
    #[cold]
    fn unreserved(&mut self) -> S
    where
        S: Clone,
    {
        self.inner = self.inner.clone();
        self.inner.clone()
    }
}

impl<S, B, R> Service<Request<B>> for Auth<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: TryClone + Send + 'static,
    R: Body + Send + 'static,
    R::Data: Send,
    R::Error: Send,
{
    type Response = Response<ResponseBody<R>>;
    type Error = BoxError;
    type Future = ResponseFuture<S, B, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.poll_inner(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        self.send(request, Kept::of)
    }
}

impl<S: fmt::Debug> fmt::Debug for Auth<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth").field("inner", &self.inner).finish_non_exhaustive()
    }
}
