//! `ServiceSender`: sends requests through a tower service.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::sync::Arc;

use http::{HeaderMap, Request, Response, StatusCode, Uri};
use http_body::Body;
use tower_service::Service;

use super::body::ResponseBody;
use super::judge::Judgement;
use super::operation::Operation;
use super::resend::{Sender, Turn};
use super::rules::Rules;
use crate::clock::Clock;
use crate::error::BoxError;
use crate::limit;
use crate::manager::Token;
use crate::replay::Kept;
use crate::response::drain;

/// A tower service that sends requests with a body of type `B`.
pub(super) struct ServiceSender<S, B> {
    service: S,
    body: PhantomData<fn(B)>,
}

impl<S, B> ServiceSender<S, B> {
    /// Sends through `service`, of which nothing is reserved.
    pub(super) const fn new(service: S) -> Self {
        Self { service, body: PhantomData }
    }
}

impl<S, B, R> Sender for ServiceSender<S, B>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
    R: Body,
{
    type Request = Request<B>;
    type Kept = Kept<B>;
    type Response = Response<R>;
    type Examined = Response<ResponseBody<R>>;
    type Error = BoxError;

    fn is_whole(kept: &Kept<B>) -> bool {
        kept.is_whole()
    }

    fn restore(kept: Kept<B>, rules: &Rules) -> Request<B> {
        kept.into_request(&rules.common)
    }

    fn headers_mut(request: &mut Request<B>) -> &mut HeaderMap {
        request.headers_mut()
    }

    fn uri(request: &Request<B>) -> Cow<'_, Uri> {
        Cow::Borrowed(request.uri())
    }

    fn head(response: &Response<R>) -> (StatusCode, &HeaderMap) {
        (response.status(), response.headers())
    }

    async fn ready(&mut self, turn: Turn<'_>) -> Result<Arc<Token>, BoxError> {
        // The clone that is polled ready is the one that sends: a reservation belongs to its instance.
        let (service, token) = ready(self.service.clone(), turn).await?;
        self.service = service;
        Ok(token)
    }

    async fn send(&mut self, request: Request<B>) -> Result<Response<R>, BoxError> {
        self.service.call(request).await.map_err(Into::into)
    }

    async fn examine(
        response: Response<R>,
        judgement: Judgement,
        rules: &Rules,
        operation: Operation,
        clock: &dyn Clock,
    ) -> Result<(bool, Response<ResponseBody<R>>), BoxError> {
        Ok(examine(response, judgement, rules, operation, clock).await)
    }

    async fn drain(response: Response<ResponseBody<R>>, clock: &dyn Clock) {
        drain(response.into_body(), clock).await;
    }
}

/// Returns whether a response rejects the token, and the response unchanged.
pub(super) async fn examine<R: Body>(
    response: Response<R>,
    judgement: Judgement,
    rules: &Rules,
    operation: Operation,
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

/// Waits until the service is ready, the turn has come and the token is good, all at the same moment. Returns the
/// service to call and the token to send.
///
/// While this waits for a token or a turn, it holds no reservation of the service: the token request, or the request
/// whose turn it is, may need that reservation.
pub(super) async fn ready<S, B>(service: S, turn: Turn<'_>) -> Result<(S, Arc<Token>), BoxError>
where
    S: Service<Request<B>> + Clone,
    S::Error: Into<BoxError>,
{
    let Turn { manager, patience, pace, mut place, token } = turn;
    let mut seen = Some(token);
    loop {
        let is_good = || manager.cached_token(&mut seen).is_some();
        let ready = limit::ready(service.clone(), pace, place.take(), is_good).await?;
        if let (Some(service), Some(token)) = (ready, seen.take()) {
            return Ok((service, token));
        }
        // The token expired while the request waited.
        seen = Some(manager.wait_for_token(patience)?.await?);
    }
}
