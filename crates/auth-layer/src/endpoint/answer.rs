//! `Answer`: the answer of an endpoint, and the error that it becomes if it is a refusal.

use std::sync::Once;

use http::{HeaderMap, StatusCode};

use super::members::{Members, invalid};
use super::refusal::Refusal;
use super::request::{Ask, Proof};
use super::response::{Reading, Recovered, TokenAnswer};
use crate::clock::Now;
use crate::error::{Error, ErrorKind};
use crate::profile::Profile;
use crate::response::RetryAfter;

/// The answer of an endpoint. It refers to its request, so that the secrets of the request can be redacted.
pub(super) struct Answer<'a> {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// The members that could be read. `None` if there were none.
    pub(super) members: Option<Members>,
    /// The error that ended the body early.
    pub(super) broken: Option<Error>,
    /// The time at which the request was sent.
    pub(super) sent: Now,
    /// The time at which the body ended.
    pub(super) came: Now,
    pub(super) profile: &'a Profile,
    pub(super) ask: &'a Ask<'a>,
    pub(super) proof: &'a Proof,
}

impl Answer<'_> {
    /// Reads a good answer with `read`. Any other answer becomes an error.
    pub(super) fn read<T>(mut self, read: impl FnOnce(&Members) -> Result<T, Error>) -> Result<T, Error> {
        if let Some(error) = self.broken.take() {
            // A status other than 2xx is a refusal, even if the body is incomplete.
            let refuses = !self.status.is_success();
            return Err(if refuses { self.refusal().with_source(error.into()) } else { error });
        }
        match self.whole() {
            Some(members) if self.is_good() => read(members).map_err(|error| error.with_status(self.status)),
            _ => Err(self.refusal()),
        }
    }

    /// Returns whether the answer names an OAuth error, which proves that the server has read the request. A server
    /// with a temporary failure may answer before it reads the request.
    pub(super) fn has_error(&self) -> bool {
        !is_transient(self.status)
            && self.status != StatusCode::UNSUPPORTED_MEDIA_TYPE
            && self.whole().is_some_and(|members| members.refusal(self.status, str::to_owned).oauth.is_some())
    }

    /// Reads a token, and the part of the answer that is still useful if the token cannot be used.
    ///
    /// That part is read from every answer with a 2xx status, even if the answer also has an error. The server may have
    /// used up the old refresh token, and the one in this answer may be the only good one. Other statuses are refusals
    /// or come from a gateway. Nothing is taken from them.
    pub(super) fn token(self, warned: &Once) -> (Option<Recovered>, Result<TokenAnswer, Error>) {
        let (status, profile, sent) = (self.status, self.profile, self.sent);
        let (ask, proof) = (self.ask, self.proof);
        let redact = |text: &str| proof.redact(text, ask.parameters);
        let members = self.members.as_ref().filter(|_| self.status.is_success());
        let recovered =
            members.and_then(|members| Reading { members, profile, sent, redact: &redact }.recovered(status));
        let token = self.read(|members| Reading { members, profile, sent, redact: &redact }.token(warned));
        (recovered, token)
    }

    /// Returns whether the answer has a 2xx status and is a complete object without an error.
    pub(super) fn is_good(&self) -> bool {
        self.status.is_success()
            && self.whole().is_some_and(|members| !members.is_error(self.status, self.profile))
    }

    /// Makes an error from the answer. From the body it takes only the code and the text of the refusal.
    pub(super) fn refusal(&self) -> Error {
        let members = self.whole();
        if members.is_none() && self.status.is_success() {
            let message =
                format!("the {} did not answer with a JSON object; check the URL", self.ask.endpoint);
            return invalid(message).with_status(self.status);
        }
        let refusal = members.map(|members| members.refusal(self.status, |text| self.redact(text)));
        let message = if self.status.is_redirection() {
            // A redirect would send the client's secret to a URL that is not configured.
            "redirected the request, and redirects are never followed; check the URL"
        } else {
            "refused the request"
        };
        let oauth = refusal.as_ref().and_then(|refusal| refusal.oauth.as_ref());
        // A server sends this code where it cannot send status 503 (RFC 6749 section 4.1.2.1).
        let later = oauth.is_some_and(|oauth| oauth.code() == "temporarily_unavailable");
        let asked = RetryAfter::of(&self.headers, self.came);
        let error = Error::new(ErrorKind::Refused, format!("the {} {message}", self.ask.endpoint))
            .with_status(self.status)
            .with_transience(is_transient(self.status) || later)
            .with_retry_after(asked.map(RetryAfter::wait));
        match refusal {
            Some(Refusal { oauth: Some(oauth), .. }) => error.with_oauth(oauth),
            Some(Refusal { oauth: None, message: Some(message) }) => error.with_server_message(&message),
            _ => error,
        }
    }

    /// Redacts the secrets of the request in a text of the answer.
    pub(super) fn redact(&self, text: &str) -> String {
        self.proof.redact(text, self.ask.parameters)
    }

    /// Returns the members if the body is complete and is one object. From any other body, only the refresh token is
    /// used (see `token`).
    fn whole(&self) -> Option<&Members> {
        self.members.as_ref().filter(|members| self.broken.is_none() && members.is_whole())
    }
}

/// Returns whether a status means a temporary failure, so that the same request may succeed later.
pub(super) fn is_transient(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS)
}
