//! `Answer`: what an endpoint answered, and what error it is if it is one.

use std::sync::Once;

use http::{HeaderMap, StatusCode};

use super::members::{Members, invalid};
use super::refusal::Refusal;
use super::request::{Ask, Proof};
use super::response::{Reading, Recovered, TokenAnswer};
use crate::clock::Now;
use crate::error::{Error, ErrorKind};
use crate::profile::Profile;
use crate::retry_after::RetryAfter;

/// An answer, and what it takes to strike secrets out of it.
pub(super) struct Answer<'a> {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// As far as they could be read; `None` if nothing could.
    pub(super) members: Option<Members>,
    /// Why the body did not come to its end.
    pub(super) broken: Option<Error>,
    /// When the request was sent.
    pub(super) sent: Now,
    /// When the answer was whole.
    pub(super) came: Now,
    pub(super) profile: &'a Profile,
    pub(super) ask: &'a Ask<'a>,
    pub(super) proof: &'a Proof,
}

impl Answer<'_> {
    /// Reads what was asked for out of a good answer; one that is an error becomes it.
    pub(super) fn read<T>(mut self, read: impl FnOnce(&Members) -> Result<T, Error>) -> Result<T, Error> {
        if let Some(error) = self.broken.take() {
            // A status other than 2xx refuses, whatever becomes of the body.
            let refuses = !self.status.is_success();
            return Err(if refuses { self.refusal().with_source(error.into()) } else { error });
        }
        match self.whole() {
            Some(members) if self.is_good() => read(members).map_err(|error| error.with_status(self.status)),
            _ => Err(self.refusal()),
        }
    }

    /// Whether it names an OAuth error, and so comes from a server that read the request. A server in trouble may answer
    /// before it reads anything.
    pub(super) fn has_error(&self) -> bool {
        !is_transient(self.status)
            && self.status != StatusCode::UNSUPPORTED_MEDIA_TYPE
            && self.whole().is_some_and(|members| members.refusal(self.status, str::to_owned).oauth.is_some())
    }

    /// Reads a token, and the rest of the answer for the case that the token cannot be used.
    ///
    /// The rest is read before anything is judged: the grant may be used up, and this is all that came of it. An answer
    /// with a status other than 2xx is a refusal, or a gateway's. Nothing is taken from it.
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

    /// Whether it is an object, and no error.
    pub(super) fn is_good(&self) -> bool {
        self.status.is_success()
            && self.whole().is_some_and(|members| !members.is_error(self.status, self.profile))
    }

    /// Makes an error of it: of its body only the code and the text of the refusal.
    pub(super) fn refusal(&self) -> Error {
        let members = self.whole();
        if members.is_none() && self.status.is_success() {
            return invalid("the answer is not a JSON object").with_status(self.status);
        }
        let refusal = members.map(|members| members.refusal(self.status, |text| self.redact(text)));
        let message = if self.status.is_redirection() {
            "redirected, which is never followed"
        } else {
            "refused the request"
        };
        let oauth = refusal.as_ref().and_then(|refusal| refusal.oauth.as_ref());
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

    /// Strikes what was secret in the request out of a text of the answer.
    pub(super) fn redact(&self, text: &str) -> String {
        self.proof.redact(text, self.ask.parameters)
    }

    /// The members of a body that came whole and is one object. Of anything less nothing is believed but a refresh
    /// token.
    fn whole(&self) -> Option<&Members> {
        self.members.as_ref().filter(|members| self.broken.is_none() && members.is_whole())
    }
}

/// Whether an answer with this status may be followed by a better one without anyone doing anything.
pub(super) fn is_transient(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS)
}
