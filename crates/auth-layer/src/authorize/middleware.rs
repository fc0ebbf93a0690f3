//! The same for stacks built on `reqwest-middleware`.

use std::error::Error as StdError;
use std::fmt;
use std::future;
use std::sync::Arc;

use async_trait::async_trait;
use http::header::AUTHORIZATION;
use http::{Extensions, Response};
use reqwest::ResponseBuilderExt;
use reqwest_middleware::{Error, Middleware, Next, Result};

use super::body::ResponseBody;
use super::decide::Permit;
use super::judge::{Judgement, Operation};
use super::layer::{AuthLayer, Rules};
use super::waiting::ready;
use crate::clock::Clock;
use crate::error::BoxError;
use crate::limit::{Pace, Place};
use crate::manager::{Token, TokenManager};

/// [`AuthLayer`] for a stack built on `reqwest-middleware`.
///
/// ```no_run
/// use auth_layer::{AuthLayer, AuthMiddleware};
///
/// # fn show(layer: AuthLayer) -> Result<(), reqwest::Error> {
/// let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
/// let client = reqwest_middleware::ClientBuilder::new(client).with(AuthMiddleware::new(layer)).build();
/// # Ok(())
/// # }
/// ```
///
/// The proxies are those of the client. By itself reqwest sends plain http for this machine through `HTTP_PROXY`, token
/// included: call `no_proxy` on the client's builder, or name this machine in `NO_PROXY`, if tokens go to loopback.
#[derive(Clone, Debug)]
pub struct AuthMiddleware(AuthLayer);

impl AuthMiddleware {
    /// Does for requests of `reqwest-middleware` what `layer` does for those of tower.
    pub const fn new(layer: AuthLayer) -> Self {
        Self(layer)
    }
}

#[async_trait]
impl Middleware for AuthMiddleware {
    async fn handle(
        &self,
        mut request: reqwest::Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<reqwest::Response> {
        let rules = &self.0.rules;
        let Ok(uri) = request.url().as_str().parse() else {
            return next.run(request, extensions).await;
        };
        let pace = rules.pace_of(&uri, extensions).cloned();
        let operation = match rules.permit(&uri, request.headers(), extensions) {
            Permit::Managed(operation) => operation,
            Permit::Untouched => return pass(request, extensions, next, pace.as_deref()).await,
            Permit::Given(bearer) => {
                request.headers_mut().insert(AUTHORIZATION, bearer);
                return pass(request, extensions, next, pace.as_deref()).await;
            }
            Permit::Refused(error) => return Err(not_sent(error)),
        };
        let chosen = rules.choose(operation, extensions).map_err(not_sent)?;
        let manager = rules.manager(chosen.as_ref());
        let token = match manager.hit(&mut None) {
            Some(token) => token.clone(),
            None => manager.arrival(rules.patience).map_err(not_sent)?.await.map_err(not_sent)?,
        };
        let token = in_turn(rules, manager, pace.as_deref(), None, token).await?;
        let again = request.try_clone();
        let response = next.clone().run(authorized(request, &token), extensions).await?;
        heed(pace.as_deref(), &response);
        let (response, rejected) = self.examine(operation, response, &**manager.clock()).await?;
        if !rejected {
            manager.accept(token.generation());
            return Ok(response);
        }
        let Some(again) = again else {
            manager.report(token.generation());
            return Ok(response);
        };
        let Some(token) = manager.token_for_resend(token.generation(), rules.patience).await else {
            return Ok(response);
        };
        let place = match &pace {
            None => None,
            Some(pace) => match pace.place().await {
                Ok(place) => Some(place),
                Err(_too_late) => return Ok(response),
            },
        };
        let token = in_turn(rules, manager, pace.as_deref(), place, token).await?;
        manager.resending(token.generation());
        let response = next.run(authorized(again, &token), extensions).await?;
        heed(pace.as_deref(), &response);
        let (response, rejected) = self.examine(operation, response, &**manager.clock()).await?;
        manager.resent(token.generation(), !rejected);
        Ok(response)
    }
}

impl AuthMiddleware {
    /// Whether the response rejects the token, and the response as it came.
    async fn examine(
        &self,
        operation: Operation,
        response: reqwest::Response,
        clock: &dyn Clock,
    ) -> Result<(reqwest::Response, bool)> {
        let rules = &self.0.rules;
        if !rules.concerns(operation, response.status()) {
            return Ok((response, false));
        }
        match rules.judge(operation, response.status(), response.headers()) {
            Judgement::Accepted => return Ok((response, false)),
            Judgement::Rejected => return Ok((response, true)),
            // Calls of gRPC do not come this way.
            Judgement::LookForTrailers => return Ok((response, false)),
            Judgement::LookInside => {}
        }
        let url = response.url().clone();
        let (mut head, body) = Response::from(response).into_parts();
        let (whole, body) = ResponseBody::peek(body, clock).await;
        let rejected = whole.is_some_and(|whole| rules.is_sign(operation, head.status, &whole));
        // The URL goes with a response only in an extension that this builder alone can make.
        let carrier = http::response::Builder::new().url(url).body(()).map_err(Error::middleware)?;
        head.extensions.extend(carrier.into_parts().0.extensions);
        let body = reqwest::Body::wrap(body);
        Ok((Response::from_parts(head, body).into(), rejected))
    }
}

/// Waits for a turn, and returns the token that is good then.
async fn in_turn(
    rules: &Rules,
    manager: &TokenManager,
    pace: Option<&Pace>,
    place: Option<Place<'_>>,
    token: Arc<Token>,
) -> Result<Arc<Token>> {
    // A middleware reserves nothing of what comes after it.
    let next = tower::service_fn(|_: http::Request<()>| future::ready(Ok::<(), BoxError>(())));
    let (_, token) = ready(next, manager, rules.patience, pace, place, token).await.map_err(not_sent)?;
    Ok(token)
}

/// Sends a request that carries no managed token, in its turn.
async fn pass(
    request: reqwest::Request,
    extensions: &mut Extensions,
    next: Next<'_>,
    pace: Option<&Pace>,
) -> Result<reqwest::Response> {
    if let Some(pace) = pace {
        let place = pace.place().await.map_err(not_sent)?;
        while !place.take() {
            place.due().await.map_err(not_sent)?;
        }
    }
    let response = next.run(request, extensions).await?;
    heed(pace, &response);
    Ok(response)
}

fn heed(pace: Option<&Pace>, response: &reqwest::Response) {
    if let Some(pace) = pace {
        pace.heed(response.status(), response.headers());
    }
}

/// `reqwest_middleware::Error` gives out the cause of what it holds, and not the thing itself: with this around it,
/// [`Error::find`](crate::Error::find) finds ours.
#[derive(Debug)]
struct NotSent(BoxError);

fn not_sent(cause: impl Into<BoxError>) -> Error {
    Error::middleware(NotSent(cause.into()))
}

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the request was not sent")
    }
}

impl StdError for NotSent {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.0)
    }
}

fn authorized(mut request: reqwest::Request, token: &Token) -> reqwest::Request {
    request.headers_mut().insert(AUTHORIZATION, token.access_token().header().clone());
    request
}
