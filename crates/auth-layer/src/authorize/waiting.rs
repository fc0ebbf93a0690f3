//! Requests that wait: for a token, for a turn under the rate limits, for the inner service.

use std::future::Future;
use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::body::ResponseBody;
use super::future::{Spare, answer};
use super::grpc;
use super::judge::{Judgement, Operation};
use super::layer::Rules;
use crate::error::{BoxError, Error};
use crate::limit::{self, Pace, Place};
use crate::manager::{Patience, Token, TokenManager};
use crate::replay::Keep;

/// A request that cannot be sent yet.
pub(super) struct Waiting<S, B> {
    /// Nothing of it is reserved.
    pub(super) service: S,
    pub(super) rules: Arc<Rules>,
    /// The manager of the request's identity, where there is more than one.
    pub(super) chosen: Option<TokenManager>,
    pub(super) operation: Operation,
    pub(super) pace: Option<Arc<Pace>>,
    pub(super) request: Request<B>,
    pub(super) keep: Keep<B>,
}

impl<S, B> Waiting<S, B> {
    /// Sends the request when it has a token and a turn.
    pub(super) async fn send<R>(
        self,
        arrival: impl Future<Output = Result<Arc<Token>, Error>>,
    ) -> Result<Response<ResponseBody<R>>, BoxError>
    where
        S: Service<Request<B>, Response = Response<R>> + Clone,
        S::Error: Into<BoxError>,
        R: Body,
    {
        let Self { service, rules, chosen, operation, pace, mut request, keep } = self;
        let token = arrival.await?;
        let manager = rules.manager(chosen.as_ref());
        let (mut service, token) =
            ready(service, manager, rules.patience, pace.as_deref(), None, token).await?;
        let is_call = grpc::is_call(&request);
        let kept = keep(&mut request, &rules.common);
        request.headers_mut().insert(AUTHORIZATION, token.access_token().header().clone());
        let response = service.call(request).await.map_err(Into::into)?;
        if let Some(pace) = &pace {
            pace.heed(response.status(), response.headers());
        }
        let generation = token.generation();
        let spare = Spare { service, rules, chosen, operation, is_call, kept, generation };
        match spare.judge(&response) {
            Judgement::Accepted => {
                spare.accepted();
                Ok(response.map(ResponseBody::new))
            }
            judgement => answer(response, judgement, spare, pace).await,
        }
    }
}

/// Waits until the service is ready, the turn has come and the token is good, all at one moment. While it waits for a
/// token or a turn, it holds no reservation of the service.
///
/// A token that expires before that moment is replaced by the next one.
pub(super) async fn ready<S, B>(
    service: S,
    manager: &TokenManager,
    patience: Patience,
    pace: Option<&Pace>,
    mut place: Option<Place<'_>>,
    token: Arc<Token>,
) -> Result<(S, Arc<Token>), BoxError>
where
    S: Service<Request<B>> + Clone,
    S::Error: Into<BoxError>,
{
    let mut seen = Some(token);
    loop {
        let is_good = || manager.hit(&mut seen).is_some();
        let ready = limit::ready(service.clone(), pace, place.take(), is_good).await?;
        if let (Some(service), Some(token)) = (ready, seen.take()) {
            return Ok((service, token));
        }
        seen = Some(manager.arrival(patience)?.await?);
    }
}
