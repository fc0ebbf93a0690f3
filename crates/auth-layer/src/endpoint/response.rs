//! Reads a token from the answer of a token endpoint.

use std::sync::Once;
use std::time::Duration;

use http::StatusCode;
use serde_json::Value;

use super::members::Members;
use crate::clock::Now;
use crate::error::{Error, ErrorKind, shown};
use crate::profile::{OriginFrom, Profile, ScopeSeparator};
use crate::token::{AccessToken, Kept, RefreshToken, Scope, TokenTypeId};

/// A successful token answer (RFC 6749 section 5.1).
#[derive(Debug)]
pub(crate) struct TokenAnswer {
    pub(crate) access_token: AccessToken,
    pub(crate) refresh_token: Option<RefreshToken>,
    /// The lifetime of the access token, counted from `sent`.
    pub(crate) lifetime: Duration,
    pub(crate) scope: Option<Scope>,
    /// The account that the token belongs to, if the profile knows the member that names it.
    pub(crate) account: Option<String>,
    /// The members that the profile keeps.
    pub(crate) kept: Kept,
    /// The lifetime of the refresh token, counted from `sent`, if the answer has it.
    pub(crate) refresh_token_lifetime: Option<Duration>,
    /// The type of the token, if the answer to a token exchange names it.
    pub(crate) issued_token_type: Option<TokenTypeId>,
    /// The time at which the request was sent.
    pub(crate) sent: Now,
}

/// An exchange without a usable access token, and the part of its answer that is still useful.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) error: Error,
    pub(crate) recovered: Option<Box<Recovered>>,
}

/// The useful part of an answer with status 2xx whose access token cannot be used. The grant may be used up, so that
/// this part is the only result.
#[derive(Debug)]
pub(crate) struct Recovered {
    /// `None` if the answer grants an access token without a new refresh token. The old refresh token is then still
    /// valid (RFC 6749 section 6).
    pub(crate) refresh_token: Option<RefreshToken>,
    pub(crate) scope: Option<Scope>,
    pub(crate) account: Option<String>,
    /// The time at which the request was sent.
    pub(crate) sent: Now,
}

/// A reader for the members of one answer with status 2xx.
pub(super) struct Reading<'a> {
    pub(super) members: &'a Members,
    pub(super) profile: &'a Profile,
    pub(super) sent: Now,
    /// Redacts secrets in a text that may be shown.
    pub(super) redact: &'a dyn Fn(&str) -> String,
}

impl Recovered {
    /// Returns whether the answer has another refresh token than the one that was sent.
    pub(crate) fn is_new(&self, used: &RefreshToken) -> bool {
        self.refresh_token.as_ref().is_some_and(|token| token != used)
    }
}

impl TokenAnswer {
    /// Returns whether the granted scope lacks a part of `required`. An answer without a scope grants the requested one
    /// (RFC 6749 section 5.1).
    pub(crate) fn lacks(&self, required: &Scope) -> bool {
        self.scope.as_ref().is_some_and(|granted| !granted.covers(required))
    }
}

impl Reading<'_> {
    /// Reads the token of a good answer. `warned` limits the warning about an unreadable lifetime to one.
    pub(super) fn token(&self, warned: &Once) -> Result<TokenAnswer, Error> {
        let (members, names) = (self.members, &self.profile.facts().names);
        let token = members.required(&names.access_token, "access_token")?;
        let token_type =
            match members.text(&names.token_type)?.or(self.profile.facts().default_token_type.as_deref()) {
                Some(token_type) => token_type,
                None => members.required(&names.token_type, "token_type")?,
            };
        let accepted = &self.profile.facts().accepted_token_types;
        if !token_type.eq_ignore_ascii_case("bearer")
            && !accepted.iter().any(|accepted| accepted.eq_ignore_ascii_case(token_type))
        {
            // 32 characters are enough for every registered type. They limit what is shown of a misplaced token.
            let token_type: String = (self.redact)(token_type).escape_default().take(32).collect();
            let other = if accepted.is_empty() { "" } else { " and the types that the profile accepts" };
            let message = format!(
                "the answer has a token of type {token_type}, but only Bearer tokens{other} can be used"
            );
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
            kept: self.kept(),
            refresh_token_lifetime: members
                .long_duration(&names.refresh_token_expires_in, self.profile.facts().lifetime_unit),
            issued_token_type: members
                .aside(&["issued_token_type"])
                .map(|id| TokenTypeId::new(shown(&(self.redact)(id)))),
            sent: self.sent,
        };
        // The warning comes last: only the lifetime of a token that is used matters.
        if let Some(member) = lifetime.unreadable {
            warned.call_once(|| {
                // The value is not logged: it has an unexpected type and may be a secret.
                tracing::warn!(
                    provider = self.profile.name(),
                    member,
                    lifetime = ?lifetime.value,
                    "the lifetime in a token answer cannot be read; the lifetime logged here is used instead"
                );
            });
        }
        Ok(answer)
    }

    /// Reads the refresh token of an answer without a usable access token. `None` if the answer may not belong to this
    /// exchange, or if its refresh token is in doubt.
    pub(super) fn recovered(&self, status: StatusCode) -> Option<Recovered> {
        let (members, names) = (self.members, &self.profile.facts().names);
        if members.did_nothing(status, self.profile) {
            return None;
        }
        let refresh_token = members.certain(&names.refresh_token).filter(|text| is_plausible(text));
        let refresh_token = refresh_token.map(RefreshToken::new);
        // An access token without a refresh token shows that the old refresh token was accepted and stays valid.
        let has_token = || matches!(members.filled(&names.access_token), Ok(Some(_)));
        let has_no_other = || matches!(members.filled(&names.refresh_token), Ok(None));
        let is_granted =
            || members.is_whole() && !members.is_error(status, self.profile) && has_token() && has_no_other();
        (refresh_token.is_some() || is_granted()).then(|| Recovered {
            refresh_token,
            scope: self.scope().ok().flatten(),
            account: self.account(),
            sent: self.sent,
        })
    }

    /// Reads the refresh token of a good answer. One that cannot be read is left out: an error would lose the access
    /// token, which is valid.
    fn refresh_token(&self) -> Result<Option<RefreshToken>, Error> {
        let names = &self.profile.facts().names.refresh_token;
        let is_there = self.members.filled(names)?.is_some();
        let token = self.members.certain(names);
        if is_there && token.is_none() {
            let provider = self.profile.name();
            tracing::warn!(provider, "the refresh token in a token answer cannot be read and is lost");
        }
        Ok(token.map(RefreshToken::new))
    }

    /// Reads the granted scope.
    fn scope(&self) -> Result<Option<Scope>, Error> {
        let scope = self.members.scope(&self.profile.facts().names.scope)?;
        Ok(scope.map(|scope| {
            let scope = (self.redact)(&scope);
            match self.profile.facts().answer_scope_separator {
                ScopeSeparator::Comma => Scope::granted(&scope.replace(',', " ")),
                ScopeSeparator::Space => Scope::granted(&scope),
            }
        }))
    }

    /// Reads the members that the profile keeps. One that is not a plain text, number or boolean is left out.
    fn kept(&self) -> Kept {
        let facts = self.profile.facts();
        let origin = facts.origin_from.iter().flat_map(OriginFrom::member);
        let text = |value: &Value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(truth) => Some(truth.to_string()),
            _ => None,
        };
        let is_plain = |text: &String| text.len() <= LONGEST_KEPT && !text.contains(char::is_control);
        let kept = facts.keep.iter().chain(origin).filter_map(|name| {
            let value = self.members.named(name).next().and_then(text).filter(is_plain)?;
            Some((name.to_string(), (self.redact)(&value)))
        });
        kept.collect()
    }

    /// Reads the account that the token belongs to.
    fn account(&self) -> Option<String> {
        self.members.aside(&self.profile.facts().names.account).map(|name| shown(&(self.redact)(name)))
    }
}

/// Longer texts are not kept. The longest that providers document are URLs.
const LONGEST_KEPT: usize = 4_096;

/// Returns whether a text can be a refresh token. A sentence cannot, and neither can a masked token such as `abc***`.
fn is_plausible(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic()) && !text.contains("***")
}
