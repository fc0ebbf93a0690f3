//! The answers of a profile's token endpoint.

use std::borrow::Cow;
use std::time::Duration;

use http::StatusCode;
use serde_json::Value;

use super::answer::{AnswerNames, ExpiryFormat, LifetimeUnit, ScopeSeparator};
use super::profile::Profile;
use super::rejection::BodySign;
use super::replay_rule::ReplayRule;
use crate::error::ConfigError;

impl Profile {
    /// Sets the names of the members in a token answer.
    ///
    /// If no token could be read with these names, building an exchange or a sign-in returns [`ConfigError`].
    #[must_use]
    pub fn with_names(mut self, names: AnswerNames) -> Self {
        self.facts_mut().names = names;
        self
    }

    /// Accepts form-encoded token answers, too, if their `Content-Type` says so.
    #[must_use]
    pub fn with_form_answers(mut self) -> Self {
        self.facts_mut().form_answers = true;
        self
    }

    /// Sets the token type for answers that have none. Without this default, such an answer is an error.
    #[must_use]
    pub fn with_default_token_type(mut self, token_type: impl Into<Cow<'static, str>>) -> Self {
        self.facts_mut().default_token_type = Some(token_type.into());
        self
    }

    /// Sets the lifetime for answers that have none, or one that cannot be read. Without this default, the token is
    /// used until it is rejected, and for one hour at most.
    ///
    /// A lifetime is a number, or a string with a number, from 0 up to the largest 64-bit number. It may have a
    /// fraction. A lifetime of more than a year is cut to a year. Any other value counts as absent, and a warning is
    /// logged once for each exchange.
    #[must_use]
    pub fn with_default_lifetime(mut self, lifetime: Duration) -> Self {
        self.facts_mut().default_lifetime = Some(lifetime);
        self
    }

    /// Sets the unit of the lifetimes in answers.
    #[must_use]
    pub fn with_lifetime_unit(mut self, unit: LifetimeUnit) -> Self {
        self.facts_mut().lifetime_unit = unit;
        self
    }

    /// Sets the format of an absolute expiry in answers.
    #[must_use]
    pub fn with_expiry_format(mut self, format: ExpiryFormat) -> Self {
        self.facts_mut().expiry_format = format;
        self
    }

    /// Sets the character that separates the scope tokens in answers.
    #[must_use]
    pub fn with_answer_scope_separator(mut self, separator: ScopeSeparator) -> Self {
        self.facts_mut().answer_scope_separator = separator;
        self
    }

    /// Sets how the server reacts to a refresh token that is sent a second time.
    #[must_use]
    pub fn with_replay_rule(mut self, rule: ReplayRule) -> Self {
        self.facts_mut().replay = rule;
        self
    }

    /// Adds a sign of a token answer that is a refusal although its status is 2xx.
    ///
    /// An answer with an `error`, or with `ok` or `success` equal to `false`, is always a refusal.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if the sign can never be in a token answer: it is limited to operations or to statuses
    /// other than 2xx, or it points to the whole document.
    pub fn with_refusal(mut self, sign: BodySign) -> Result<Self, ConfigError> {
        self.facts_mut().refusals.push(sign.check_refusal()?);
        Ok(self)
    }

    /// Returns whether a token answer has one of the profile's signs of a refusal.
    pub(crate) fn refuses(&self, status: StatusCode, members: &[(String, Value)]) -> bool {
        self.facts.refusals.iter().any(|sign| sign.applies_to(status, None) && sign.is_in_members(members))
    }

    /// Returns how the server reacts to a refresh token that is sent a second time.
    pub fn replay_rule(&self) -> ReplayRule {
        self.facts.replay
    }

    /// Accepts one more token type in answers, for a provider whose Bearer tokens have a type of their own. `Bearer` is
    /// always accepted. The case of letters does not matter.
    #[must_use]
    pub fn with_accepted_token_type(mut self, token_type: impl Into<Cow<'static, str>>) -> Self {
        self.facts_mut().accepted_token_types.push(token_type.into());
        self
    }

    /// Keeps a member of the token answers beside the token, readable with [`Token::kept`](crate::Token::kept). A
    /// member that a later answer leaves out keeps its value. The name may be a JSON Pointer (RFC 6901), which begins
    /// with a slash.
    ///
    /// A kept value is not a secret: it is stored with the tokens and shown in `Debug`.
    #[must_use]
    pub fn with_kept(mut self, member: impl Into<Cow<'static, str>>) -> Self {
        self.facts_mut().keep.push(member.into());
        self
    }
}
