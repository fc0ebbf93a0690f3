//! `Auth`: decides about each request, and sends it.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::{self, Either, TryFutureExt};
use http::header::AUTHORIZATION;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::body::ResponseBody;
use super::decide::Permit;
use super::future::{ResponseFuture, Spare};
use super::grpc;
use super::judge::Operation;
use super::layer::Rules;
use super::waiting::Waiting;
use crate::error::{BoxError, Error};
use crate::limit::{self, Pace};
use crate::manager::{Token, TokenManager};
use crate::replay::{Keep, Kept, TryClone};

/// The service of [`AuthLayer`](crate::AuthLayer).
///
/// On the path of a request whose token is in hand it takes no lock, allocates nothing and boxes nothing; a wait
/// for a token or a turn, and the answer to a rejection, box their future. It keeps the token that it sent last, until its
/// next call or its end.
///
/// A call that waits gives up the reservation of the inner service that was made for it, and polls a clone ready when it
/// has what it waited for. So the inner service may have a limit that token requests share.
///
/// [`AuthLayer`](crate::AuthLayer#bounds) lists the bounds of the service under it, and what to do where one does not hold.
///
/// # Errors
///
/// [`Error`], boxed, if the request needs a token and none could be had: it is then not sent.
/// [`Throttled`](crate::limit::Throttled) if its turn under a rate limit comes too late. The errors of the inner service
/// are passed on.
///
/// # Cancel safety
///
/// Dropping a response future drops the request, wherever it is, and nothing else: a token that is being fetched
/// arrives all the same.
///
/// ```
/// # async fn show<S>(mut service: auth_layer::Auth<S>) -> Result<(), auth_layer::BoxError>
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
    /// The token that was sent last.
    seen: Option<Arc<Token>>,
}

impl<S> Auth<S> {
    pub(super) const fn new(inner: S, rules: Arc<Rules>) -> Self {
        Self { inner, rules, seen: None }
    }

    /// The wrapped service.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The wrapped service.
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

    /// Sends one request; `keep` decides whether it can be sent again.
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
                request.headers_mut().insert(AUTHORIZATION, bearer);
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
        // The token that this service saw last is that of the only manager. A pool has many.
        let seen = if chosen.is_none() { &mut self.seen } else { &mut None };
        let token = match manager.cached_token(seen) {
            Some(token) if pace.as_ref().is_none_or(|pace| pace.try_turn()) => {
                let generation = token.generation();
                let is_call = grpc::is_call(&request);
                let kept = keep(&mut request, &self.rules.common);
                request.headers_mut().insert(AUTHORIZATION, token.access_token().header().clone());
                // The instance that was polled ready is called here and now; the spare is polled before it is used.
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

    /// Sends a request that has to wait for a token or a turn. It is kept out of the path of one that has both.
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
        let arrival = match token {
            Some(token) => Either::Left(future::ready(Ok(token))),
            None => match self.rules.manager(chosen.as_ref()).wait_for_token(self.rules.patience) {
                Ok(arrival) => Either::Right(arrival),
                Err(error) => return self.refuse(error),
            },
        };
        let service = self.unreserved();
        let waiting = Waiting { service, rules: self.rules.clone(), chosen, operation, pace, request, keep };
        ResponseFuture::slow(waiting.send(arrival))
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

    /// Fails a request that is not sent.
    #[cold]
    fn refuse<B, R>(&mut self, error: Error) -> ResponseFuture<S, B, R>
    where
        S: Service<Request<B>> + Clone,
        R: Body,
    {
        self.inner = self.inner.clone();
        ResponseFuture::failed(error)
    }

    /// An instance of the inner service for a request that has to wait. This one gives up what it has reserved: a token
    /// request may need it.
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
