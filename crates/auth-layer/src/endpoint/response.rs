//! Reads a token out of what a token endpoint answers.

use std::sync::Once;
use std::time::Duration;

use super::members::Members;
use http::StatusCode;

use crate::clock::Now;
use crate::error::{Error, ErrorKind, shown};
use crate::profile::{Profile, ScopeSeparator};
use crate::token::{AccessToken, RefreshToken, Scope, TokenTypeId};

/// A token answer that can be used (RFC 6749 section 5.1).
#[derive(Debug)]
pub(crate) struct TokenAnswer {
    pub(crate) access_token: AccessToken,
    pub(crate) refresh_token: Option<RefreshToken>,
    /// Counted from `sent`.
    pub(crate) lifetime: Duration,
    pub(crate) scope: Option<Scope>,
    /// Whom it stands for, where the profile knows how an answer tells.
    pub(crate) account: Option<String>,
    /// What kind of token it is, where a token exchange tells.
    pub(crate) issued_token_type: Option<TokenTypeId>,
    /// When the request was sent.
    pub(crate) sent: Now,
}

/// An exchange that brought no usable access token, and the rest of its answer.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) error: Error,
    pub(crate) recovered: Option<Box<Recovered>>,
}

/// The rest of an answer of status 2xx whose access token cannot be used. The grant that was traded for it may be used
/// up, so that this is all that is left of it.
#[derive(Debug)]
pub(crate) struct Recovered {
    /// `None` if the answer grants an access token without a new refresh token: the old one stays good (RFC 6749
    /// section 6).
    pub(crate) refresh_token: Option<RefreshToken>,
    pub(crate) scope: Option<Scope>,
    pub(crate) account: Option<String>,
    /// When the request was sent.
    pub(crate) sent: Now,
}

/// Reads a token out of the members of one answer of status 2xx.
pub(super) struct Reading<'a> {
    pub(super) members: &'a Members,
    pub(super) profile: &'a Profile,
    pub(super) sent: Now,
    /// Strikes secrets out of what may be shown.
    pub(super) redact: &'a dyn Fn(&str) -> String,
}

impl Recovered {
    /// Whether it has another refresh token than the one that was sent.
    pub(crate) fn is_new(&self, used: &RefreshToken) -> bool {
        self.refresh_token.as_ref().is_some_and(|token| token != used)
    }
}

impl TokenAnswer {
    /// Whether it was granted less than `required`. A scope that is not told is as asked (RFC 6749 section 5.1).
    pub(crate) fn lacks(&self, required: &Scope) -> bool {
        self.scope.as_ref().is_some_and(|granted| !granted.covers(required))
    }
}

impl Reading<'_> {
    /// Reads the token of a good answer. `warned` sees to it that a lifetime that cannot be read is told once.
    pub(super) fn token(&self, warned: &Once) -> Result<TokenAnswer, Error> {
        let (members, names) = (self.members, &self.profile.facts().names);
        let token = members.required(names.access_token, "access_token")?;
        let token_type = match members.text(names.token_type)?.or(self.profile.facts().default_token_type) {
            Some(token_type) => token_type,
            None => members.required(names.token_type, "token_type")?,
        };
        if !token_type.eq_ignore_ascii_case("bearer") {
            let token_type: String = (self.redact)(token_type).escape_default().take(32).collect();
            let message = format!("the token is of type {token_type}, and only Bearer can be used");
            return Err(Error::new(ErrorKind::TokenType, message));
        }
        let access_token = AccessToken::new(token)?;
        let refresh_token = self.refresh_token()?;
        let lifetime = members.lifetime(self.profile, self.sent)?;
        let answer = TokenAnswer {
            access_token,
            refresh_token,
            lifetime: lifetime.value,
            scope: self.scope()?,
            account: self.account(),
            issued_token_type: members
                .aside(&["issued_token_type"])
                .map(|id| TokenTypeId::new(shown(&(self.redact)(id)))),
            sent: self.sent,
        };
        if let Some(member) = lifetime.unreadable {
            warned.call_once(|| {
                // The value is not shown: a member under that name may be anything.
                tracing::warn!(
                    provider = self.profile.name(),
                    member,
                    lifetime = ?lifetime.value,
                    "the lifetime in a token answer cannot be read; this one is used instead"
                );
            });
        }
        Ok(answer)
    }

    /// Reads the refresh token of an answer without a usable access token, if there is no doubt about it.
    pub(super) fn recovered(&self, status: StatusCode) -> Option<Recovered> {
        let (members, names) = (self.members, &self.profile.facts().names);
        if members.did_nothing(status, self.profile) {
            return None;
        }
        let refresh_token = members.certain(names.refresh_token).filter(|text| is_plausible(text));
        let refresh_token = refresh_token.map(RefreshToken::new);
        let has_token = || matches!(members.filled(names.access_token), Ok(Some(_)));
        let has_no_other = || matches!(members.filled(names.refresh_token), Ok(None));
        let is_granted =
            || members.is_whole() && !members.is_error(status, self.profile) && has_token() && has_no_other();
        (refresh_token.is_some() || is_granted()).then(|| Recovered {
            refresh_token,
            scope: self.scope().ok().flatten(),
            account: self.account(),
            sent: self.sent,
        })
    }

    /// A refresh token that is not a string is left out: the access token beside it is good for its time.
    fn refresh_token(&self) -> Result<Option<RefreshToken>, Error> {
        let names = self.profile.facts().names.refresh_token;
        let is_there = self.members.filled(names)?.is_some();
        let token = self.members.certain(names);
        if is_there && token.is_none() {
            let provider = self.profile.name();
            tracing::warn!(provider, "the refresh token in a token answer cannot be read, and is lost");
        }
        Ok(token.map(RefreshToken::new))
    }

    fn scope(&self) -> Result<Option<Scope>, Error> {
        let scope = self.members.scope(self.profile.facts().names.scope)?;
        Ok(scope.map(|scope| {
            let scope = (self.redact)(&scope);
            match self.profile.facts().scope_separator {
                ScopeSeparator::Comma => Scope::granted(&scope.replace(',', " ")),
                ScopeSeparator::Space => Scope::granted(&scope),
            }
        }))
    }

    fn account(&self) -> Option<String> {
        self.members.aside(self.profile.facts().names.account).map(|name| shown(&(self.redact)(name)))
    }
}

/// Whether a text beside no access token is a refresh token, and not a sentence or a token that was made unreadable.
fn is_plausible(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic()) && !text.contains("***")
}
