//! Requests that wait for a token, for a turn under the rate limits, or for the inner service.

use std::future::Future;
use std::sync::Arc;

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::body::ResponseBody;
use super::grpc;
use super::operation::Operation;
use super::resend::Call;
use super::rules::Rules;
use super::service_sender::ServiceSender;
use crate::error::{BoxError, Error};
use crate::limit::Pace;
use crate::manager::{Token, TokenManager};
use crate::replay::Keep;

/// A request that cannot be sent yet.
pub(super) struct Waiting<S, B> {
    /// A clone that has reserved nothing.
    pub(super) service: S,
    pub(super) rules: Arc<Rules>,
    /// The manager of the request's identity. `None` if there is one manager for all requests.
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
        wait: impl Future<Output = Result<Arc<Token>, Error>>,
    ) -> Result<Response<ResponseBody<R>>, BoxError>
    where
        S: Service<Request<B>, Response = Response<R>> + Clone,
        S::Error: Into<BoxError>,
        R: Body,
    {
        let Self { service, rules, chosen, operation, pace, request, keep } = self;
        let token = wait.await?;
        let call = Call {
            sender: ServiceSender::new(service),
            rules: &rules,
            manager: rules.manager(chosen.as_ref()),
            operation,
            is_grpc: grpc::is_call(&request),
            pace: pace.as_deref(),
        };
        call.send(request, token, |request, rules| keep(request, &rules.common)).await
    }
}
