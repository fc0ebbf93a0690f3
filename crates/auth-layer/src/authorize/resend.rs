//! `Call`: sends a request with a token, and answers a rejection. The steps are the same for every kind of client.

use std::borrow::Cow;
use std::sync::Arc;

use http::{HeaderMap, StatusCode, Uri};

use super::judge::Judgement;
use super::operation::Operation;
use super::rules::Rules;
use crate::clock::Clock;
use crate::limit::{Pace, Place};
use crate::manager::{Patience, Token, TokenManager};
use crate::token::Generation;

/// The client that sends one request: a tower service, or the rest of a `reqwest-middleware` stack.
pub(super) trait Sender {
    type Request;
    /// A copy of a request, in case it has to be sent again.
    type Kept;
    /// A response as the client returns it.
    type Response;
    /// The same response, after its body may have been looked into.
    type Examined;
    type Error;

    /// Returns whether the copy can be sent.
    fn is_whole(kept: &Self::Kept) -> bool;

    fn restore(kept: Self::Kept, rules: &Rules) -> Self::Request;

    fn headers_mut(request: &mut Self::Request) -> &mut HeaderMap;

    /// Returns the target of a request.
    fn uri(request: &Self::Request) -> Cow<'_, Uri>;

    fn head(response: &Self::Response) -> (StatusCode, &HeaderMap);

    /// Waits until the client can send, the turn has come and the token is good. Returns the token that is good then.
    async fn ready(&mut self, turn: Turn<'_>) -> Result<Arc<Token>, Self::Error>;

    /// Sends a request. The client is [`ready`](Self::ready).
    async fn send(&mut self, request: Self::Request) -> Result<Self::Response, Self::Error>;

    /// Returns whether the response rejects the token, and the response unchanged. It reads the body if `judgement`
    /// says so.
    async fn examine(
        response: Self::Response,
        judgement: Judgement,
        rules: &Rules,
        operation: Operation,
        clock: &dyn Clock,
    ) -> Result<(bool, Self::Examined), Self::Error>;

    /// Reads a response that is replaced by another one, so that its connection can be used again.
    async fn drain(response: Self::Examined, clock: &dyn Clock);
}

/// The conditions for one send.
pub(super) struct Turn<'a> {
    pub(super) manager: &'a TokenManager,
    pub(super) patience: Patience,
    pub(super) pace: Option<&'a Pace>,
    /// The request's place in line, if it has one already.
    pub(super) place: Option<Place<'a>>,
    /// The token to send. If it expires before the send, the next one replaces it.
    pub(super) token: Arc<Token>,
}

/// One request with a managed token, and the client that sends it.
pub(super) struct Call<'a, C> {
    pub(super) sender: C,
    pub(super) rules: &'a Rules,
    pub(super) manager: &'a TokenManager,
    pub(super) operation: Operation,
    /// The request is a gRPC call.
    pub(super) is_grpc: bool,
    pub(super) pace: Option<&'a Pace>,
}

impl<C: Sender> Call<'_, C> {
    /// Sends the request in its turn, and answers a rejection. `keep` makes the copy that is sent again.
    pub(super) async fn send(
        mut self,
        mut request: C::Request,
        token: Arc<Token>,
        keep: impl FnOnce(&mut C::Request, &Rules) -> Option<C::Kept>,
    ) -> Result<C::Examined, C::Error> {
        let token = self.ready(token, None).await?;
        if !self.rules.may_carry(&C::uri(&request), &token) {
            return self.pass(request).await;
        }
        // The copy is made before the token is put on, since another token goes on the copy.
        let kept = keep(&mut request, self.rules);
        let response = self.send_once(request, &token).await?;
        let judgement = self.judge(&response, || kept.as_ref().is_some_and(C::is_whole));
        self.answer(response, judgement, kept, token.generation()).await
    }

    /// Returns the response, unless it rejects the token, there is another token, and the request can be sent again.
    /// Then it returns the response to the second send, whatever that says.
    ///
    /// The manager gets every verdict of the API. If the second send fails, or if this future is dropped during it,
    /// there is no verdict: the resend stays pending, and the next renewal waits for its pause.
    pub(super) async fn answer(
        mut self,
        response: C::Response,
        judgement: Judgement,
        kept: Option<C::Kept>,
        generation: Generation,
    ) -> Result<C::Examined, C::Error> {
        let (manager, rules) = (self.manager, self.rules);
        let clock = &**manager.clock();
        let (rejected, response) = C::examine(response, judgement, rules, self.operation, clock).await?;
        if !rejected {
            manager.accept(generation);
            return Ok(response);
        }
        let Some(kept) = kept.filter(C::is_whole) else {
            manager.report(generation);
            return Ok(response);
        };
        let Some(token) = manager.token_for_resend(generation, rules.patience).await else {
            return Ok(response);
        };
        // The turn comes first, because the caller gets the rejection if the turn comes too late.
        let place = match self.pace {
            None => None,
            Some(pace) => match pace.place().await {
                Ok(place) => Some(place),
                Err(_too_late) => return Ok(response),
            },
        };
        // From here on the rejection is lost: the caller gets the second response or an error.
        C::drain(response, clock).await;
        let token = self.ready(token, place).await?;
        // Noted before the send, so that a resend without an answer counts as well.
        manager.resending(token.generation());
        let response = self.send_once(C::restore(kept, rules), &token).await?;
        let judgement = self.judge(&response, || true);
        let (rejected, response) = C::examine(response, judgement, rules, self.operation, clock).await?;
        manager.resent(token.generation(), !rejected);
        Ok(response)
    }

    async fn ready(&mut self, token: Arc<Token>, place: Option<Place<'_>>) -> Result<Arc<Token>, C::Error> {
        let turn =
            Turn { manager: self.manager, patience: self.rules.patience, pace: self.pace, place, token };
        self.sender.ready(turn).await
    }

    /// Sends a request to an origin that the token is not for. The answer says nothing about the token.
    async fn pass(mut self, request: C::Request) -> Result<C::Examined, C::Error> {
        self.rules.unlisted.note(&C::uri(&request));
        let response = self.sender.send(request).await?;
        let clock = &**self.manager.clock();
        let examined = C::examine(response, Judgement::Accepted, self.rules, self.operation, clock).await?;
        Ok(examined.1)
    }

    async fn send_once(&mut self, mut request: C::Request, token: &Token) -> Result<C::Response, C::Error> {
        // The token after a renewal may be for another origin than the one before.
        if self.rules.may_carry(&C::uri(&request), token) {
            self.rules.put(C::headers_mut(&mut request), token.access_token());
        }
        let response = self.sender.send(request).await?;
        if let Some(pace) = self.pace {
            let (status, headers) = C::head(&response);
            pace.heed(status, headers);
        }
        Ok(response)
    }

    fn judge(&self, response: &C::Response, is_whole: impl FnOnce() -> bool) -> Judgement {
        let (status, headers) = C::head(response);
        self.rules.judge_response(self.operation, self.is_grpc.then(is_whole), status, headers)
    }
}
