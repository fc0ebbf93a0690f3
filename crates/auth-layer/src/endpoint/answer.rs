//! `Answer`: what an endpoint answered, and what error it is if it is one.

use http::{HeaderMap, StatusCode};

use super::request::{Ask, Proof};
use super::response::{Members, invalid, is_transient};
use crate::clock::Now;
use crate::error::{Error, ErrorKind};
use crate::retry_after::RetryAfter;

/// An answer, and what it takes to strike secrets out of it.
pub(super) struct Answer<'a> {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// `None` if the body is no object.
    pub(super) members: Option<Members>,
    /// The profile takes it for a refusal, though its status may be good.
    pub(super) is_refusal: bool,
    /// When the request was sent.
    pub(super) sent: Now,
    /// When the answer was whole.
    pub(super) came: Now,
    pub(super) ask: &'a Ask<'a>,
    pub(super) proof: &'a Proof,
}

impl Answer<'_> {
    /// Reads what was asked for out of a good answer; one that is an error becomes it.
    pub(super) fn read<T>(&self, read: impl FnOnce(&Members) -> Result<T, Error>) -> Result<T, Error> {
        match &self.members {
            Some(members) if self.is_good() => read(members).map_err(|error| error.with_status(self.status)),
            _ => Err(self.refusal()),
        }
    }

    /// Whether it is an object, and no error.
    pub(super) fn is_good(&self) -> bool {
        self.status.is_success()
            && !self.is_refusal
            && self.members.as_ref().is_some_and(|members| !members.is_error())
    }

    /// Whether it names an OAuth error, and so comes from a server that read the request.
    pub(super) fn has_error(&self) -> bool {
        self.members.as_ref().is_some_and(|members| members.oauth_error(str::to_owned).is_some())
            && self.status != StatusCode::UNSUPPORTED_MEDIA_TYPE
    }

    /// Makes an error of it: of its body only the OAuth error fields.
    pub(super) fn refusal(&self) -> Error {
        if self.members.is_none() && self.status.is_success() {
            return invalid("the answer is no JSON object").with_status(self.status);
        }
        let oauth = self.members.as_ref().and_then(|members| members.oauth_error(|text| self.redact(text)));
        let message = if self.status.is_redirection() {
            "redirected, which is never followed"
        } else {
            "refused the request"
        };
        let later = oauth.as_ref().is_some_and(|oauth| oauth.code() == "temporarily_unavailable");
        let asked = RetryAfter::of(&self.headers, self.came);
        let error = Error::new(ErrorKind::Refused, format!("the {} {message}", self.ask.endpoint))
            .with_status(self.status)
            .with_transience(is_transient(self.status) || later)
            .with_retry_after(asked.map(RetryAfter::wait));
        match oauth {
            Some(oauth) => error.with_oauth(oauth),
            None => error,
        }
    }

    /// Strikes what was secret in the request out of a text of the answer.
    pub(super) fn redact(&self, text: &str) -> String {
        self.proof.redact(text, self.ask.parameters)
    }
}
