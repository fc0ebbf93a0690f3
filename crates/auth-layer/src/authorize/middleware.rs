//! `AuthMiddleware`: authorization for stacks built on `reqwest-middleware`.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::future;
use std::sync::Arc;

use async_trait::async_trait;
use http::{Extensions, HeaderMap, Response, StatusCode, Uri};
use reqwest::ResponseBuilderExt;
use reqwest_middleware::{Error, Middleware, Next, Result};

use super::decide::Permit;
use super::judge::Judgement;
use super::layer::AuthLayer;
use super::operation::Operation;
use super::resend::{Call, Sender, Turn};
use super::rules::Rules;
use super::service_sender::{examine, ready};
use crate::clock::Clock;
use crate::error::BoxError;
use crate::limit::Pace;
use crate::manager::Token;
use crate::response::drain;

/// An [`AuthLayer`] for a stack built on `reqwest-middleware`.
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
/// The client's proxies apply. Unless told otherwise, reqwest sends plain http for this host through `HTTP_PROXY`, with
/// the token. If tokens go to loopback, call `no_proxy` on the client's builder, or name this host in `NO_PROXY`.
#[derive(Clone, Debug)]
pub struct AuthMiddleware(AuthLayer);

impl AuthMiddleware {
    /// Returns a middleware that treats requests as `layer` does.
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
        // A URL that `http` cannot parse has no listed origin, so it gets no token.
        let Ok(uri) = request.url().as_str().parse() else {
            return next.run(request, extensions).await;
        };
        let pace = rules.pace_of(&uri, extensions).cloned();
        let operation = match rules.permit(&uri, request.headers(), extensions) {
            Permit::Managed(operation) => operation,
            Permit::Untouched => return pass(request, extensions, next, pace.as_deref()).await,
            Permit::Given(bearer) => {
                rules.put_given(request.headers_mut(), &bearer);
                return pass(request, extensions, next, pace.as_deref()).await;
            }
            Permit::Refused(error) => return Err(not_sent(error)),
        };
        let chosen = rules.choose(operation, extensions).map_err(not_sent)?;
        let manager = rules.manager(chosen.as_ref());
        let token = match manager.cached_token(&mut None) {
            Some(token) => token.clone(),
            None => manager.wait_for_token(rules.patience).map_err(not_sent)?.await.map_err(not_sent)?,
        };
        let sender = NextSender { next, extensions };
        let pace = pace.as_deref();
        let call = Call { sender, rules, manager, operation, is_grpc: false, pace };
        call.send(request, token, |request, _| request.try_clone()).await
    }
}

/// The rest of a stack of middlewares.
struct NextSender<'a> {
    next: Next<'a>,
    extensions: &'a mut Extensions,
}

impl Sender for NextSender<'_> {
    type Request = reqwest::Request;
    type Kept = reqwest::Request;
    type Response = reqwest::Response;
    type Examined = reqwest::Response;
    type Error = Error;

    fn is_whole(_: &reqwest::Request) -> bool {
        // reqwest clones only bodies that it holds in memory.
        true
    }

    fn restore(kept: reqwest::Request, _: &Rules) -> reqwest::Request {
        kept
    }

    fn headers_mut(request: &mut reqwest::Request) -> &mut HeaderMap {
        request.headers_mut()
    }

    fn uri(request: &reqwest::Request) -> Cow<'_, Uri> {
        // `handle` has parsed this URL. The fallback has no listed origin, so that it gets no token.
        Cow::Owned(request.url().as_str().parse().unwrap_or_else(|_| Uri::from_static("https://invalid/")))
    }

    fn head(response: &reqwest::Response) -> (StatusCode, &HeaderMap) {
        (response.status(), response.headers())
    }

    async fn ready(&mut self, turn: Turn<'_>) -> Result<Arc<Token>> {
        // The middlewares below have nothing to reserve, so the service that is polled is always ready.
        let next = tower::service_fn(|_: http::Request<()>| future::ready(Ok::<(), BoxError>(())));
        let (_, token) = ready(next, turn).await.map_err(not_sent)?;
        Ok(token)
    }

    async fn send(&mut self, request: reqwest::Request) -> Result<reqwest::Response> {
        self.next.clone().run(request, self.extensions).await
    }

    async fn examine(
        response: reqwest::Response,
        judgement: Judgement,
        rules: &Rules,
        operation: Operation,
        clock: &dyn Clock,
    ) -> Result<(bool, reqwest::Response)> {
        // Converting a response wraps its body, so this is done only for one whose body is read.
        match judgement {
            Judgement::Accepted => return Ok((false, response)),
            Judgement::Rejected => return Ok((true, response)),
            Judgement::LookInside | Judgement::LookForTrailers => {}
        }
        let url = response.url().clone();
        let (rejected, response) =
            examine(Response::from(response), judgement, rules, operation, clock).await;
        let (mut head, body) = response.into_parts();
        // The URL of a response is in an extension that only this builder can make. Without it, the URL would be lost.
        let carrier = http::response::Builder::new().url(url).body(()).map_err(Error::middleware)?;
        head.extensions.extend(carrier.into_parts().0.extensions);
        let body = reqwest::Body::wrap(body);
        Ok((rejected, Response::from_parts(head, body).into()))
    }

    async fn drain(response: reqwest::Response, clock: &dyn Clock) {
        drain(Response::from(response).into_body(), clock).await;
    }
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

/// A wrapper for our errors. `reqwest_middleware::Error` returns the source of the error that it holds, but not that
/// error itself. With this wrapper, our error is such a source, and [`Error::find`](crate::Error::find) finds it.
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
