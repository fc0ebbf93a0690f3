//! `Profile`: one provider, described.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::{StatusCode, Uri};
use serde_json::Value;

use super::answer::{AnswerNames, ExpiryFormat, LifetimeUnit, ScopeSeparator};
use super::origin::{Origin, Origins};
use super::rate_limit::RateLimit;
use super::rejection::BodySign;
use super::request::{ClientAuth, Encoding};
use super::sign_in::SignInFacts;
use super::token_url::TokenUrl;
use crate::config_error::ConfigError;
use crate::identity::Identity;
use crate::token::Scope;
use crate::url::endpoint_url;

/// What is particular to a provider: its token endpoint, the shape of its answers, where its tokens may go
/// and what its rejections look like.
///
/// It starts as RFC 6749 has it: form bodies, a Basic header, the standard names, no defaults for what an
/// answer leaves out.
///
/// ```
/// use auth_layer::Profile;
///
/// // As it comes, for a provider by the letter:
/// let plain = Profile::new("example", "https://auth.example.com/token")?
///     .with_origin("https://api.example.com")?;
///
/// // A known provider, with one thing changed:
/// let gotab = Profile::gotab().with_token_url("https://gotab.io/api/oauth/token")?;
/// assert_eq!(gotab.name(), "gotab");
/// # Ok::<(), auth_layer::ConfigError>(())
/// ```
///
/// Cheap to clone: clones share what they do not differ in.
#[derive(Clone, Debug)]
pub struct Profile {
    pub(super) facts: Arc<Facts>,
    // These differ from identity to identity, and so stand beside what all identities of a provider have in common.
    pub(crate) parameters: Vec<(Cow<'static, str>, Cow<'static, str>)>,
    pub(crate) scope: Option<Scope>,
}

/// The facts that all identities of a provider share.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    name: Cow<'static, str>,
    token_url: TokenUrl,
    pub(super) moved_from: Vec<TokenUrl>,
    pub(super) published: Vec<TokenUrl>,
    pub(crate) encoding: Encoding,
    pub(crate) encoding_may_differ: bool,
    pub(crate) client_auth: ClientAuth,
    pub(crate) names: AnswerNames,
    pub(crate) form_answers: bool,
    pub(crate) default_token_type: Option<&'static str>,
    pub(crate) default_lifetime: Option<Duration>,
    pub(crate) lifetime_unit: LifetimeUnit,
    pub(crate) expiry_format: ExpiryFormat,
    pub(crate) scope_separator: ScopeSeparator,
    /// Beside those that every profile has.
    pub(super) dead_grant_codes: Vec<Cow<'static, str>>,
    pub(crate) replay: ReplayRule,
    pub(crate) signs: Vec<BodySign>,
    pub(crate) other_schemes_reject: bool,
    refusals: Vec<BodySign>,
    origins: Origins,
    rate_limits: Vec<RateLimit>,
    pub(super) people: SignInFacts,
}

/// What happens when a refresh token is sent a second time.
///
/// ```
/// use auth_layer::{Profile, ReplayRule};
///
/// assert_eq!(Profile::goto().replay_rule(), ReplayRule::Reusable);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReplayRule {
    /// The server takes it for theft and revokes every token of the family (RFC 9700 section 4.14.2).
    KillsFamily,
    /// It still works for this long after its first use.
    Grace(Duration),
    /// It works until it expires.
    Reusable,
    /// The provider does not say.
    Unknown,
}

impl Profile {
    /// A provider by the letter of RFC 6749, with its token endpoint.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the URL is none, has a fragment (RFC 6749 section 3.2), names a user, or is neither
    /// https nor loopback (RFC 6749 section 2.3.1).
    pub fn new(name: impl Into<Cow<'static, str>>, token_url: &str) -> Result<Self, ConfigError> {
        token_uri(token_url).map(|uri| Self::at(name.into(), uri))
    }

    /// The same, for URLs known to be good.
    pub(super) fn at(name: Cow<'static, str>, token_url: Uri) -> Self {
        let facts = Facts {
            name,
            token_url: TokenUrl::at(token_url),
            moved_from: Vec::new(),
            published: Vec::new(),
            encoding: Encoding::Form,
            encoding_may_differ: false,
            client_auth: ClientAuth::Basic,
            names: AnswerNames::new(),
            form_answers: false,
            default_token_type: None,
            default_lifetime: None,
            lifetime_unit: LifetimeUnit::Seconds,
            expiry_format: ExpiryFormat::UnixSeconds,
            scope_separator: ScopeSeparator::Space,
            dead_grant_codes: Vec::new(),
            replay: ReplayRule::Unknown,
            signs: Vec::new(),
            other_schemes_reject: true,
            refusals: Vec::new(),
            origins: Origins::default(),
            rate_limits: Vec::new(),
            people: SignInFacts::new(),
        };
        Self { facts: Arc::new(facts), parameters: Vec::new(), scope: None }
    }

    /// The facts that all identities of the provider share.
    pub(crate) fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The same, to be changed. Profiles that share it keep theirs.
    pub(super) fn facts_mut(&mut self) -> &mut Facts {
        Arc::make_mut(&mut self.facts)
    }

    /// Another token endpoint, for example a sandbox.
    ///
    /// A sign-in that is stored with another token URL is an error from then on ([`ErrorKind::TokenUrl`]), unless the
    /// provider [moved from](Self::with_moved_from) there.
    ///
    /// [`ErrorKind::TokenUrl`]: crate::ErrorKind::TokenUrl
    ///
    /// # Errors
    ///
    /// As for [`Profile::new`].
    pub fn with_token_url(mut self, token_url: &str) -> Result<Self, ConfigError> {
        self.facts_mut().token_url = TokenUrl::at(token_uri(token_url)?);
        Ok(self)
    }

    /// How token requests are written.
    #[must_use]
    pub fn with_encoding(mut self, encoding: Encoding) -> Self {
        self.facts_mut().encoding = encoding;
        self
    }

    /// On 415 a token request is sent once more in the other encoding, and what worked is remembered. What asking may
    /// use up is never sent twice: a code, a refresh token, a device's code, an assertion.
    #[must_use]
    pub fn with_either_encoding(mut self) -> Self {
        self.facts_mut().encoding_may_differ = true;
        self
    }

    /// How the client says who it is.
    #[must_use]
    pub fn with_client_auth(mut self, client_auth: ClientAuth) -> Self {
        self.facts_mut().client_auth = client_auth;
        self
    }

    /// One more fixed parameter for every token request.
    #[must_use]
    pub fn with_parameter(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// The same profile, asking for the audience and the resource of an identity.
    pub(crate) fn for_identity(mut self, identity: &Identity) -> Self {
        if let Some(audience) = identity.audience() {
            self = self.with_parameter("audience", audience.to_owned());
        }
        match identity.resource() {
            Some(resource) => self.with_parameter("resource", resource.to_string()),
            None => self,
        }
    }

    /// The scope to ask for.
    #[must_use]
    pub fn with_scope(mut self, scope: Scope) -> Self {
        self.scope = Some(scope);
        self
    }

    /// The names under which the members of a token answer come. Building an exchange or a sign-in returns
    /// [`ConfigError`] if no token could be read by them.
    #[must_use]
    pub fn with_names(mut self, names: AnswerNames) -> Self {
        self.facts_mut().names = names;
        self
    }

    /// Takes answers that are form-encoded, too, if their content type says so.
    #[must_use]
    pub fn with_form_answers(mut self) -> Self {
        self.facts_mut().form_answers = true;
        self
    }

    /// The token's type where an answer leaves it out. Without a default that is an error.
    #[must_use]
    pub fn with_default_token_type(mut self, token_type: &'static str) -> Self {
        self.facts_mut().default_token_type = Some(token_type);
        self
    }

    /// The lifetime where an answer has none, or one that cannot be read. Without a default the token serves until it
    /// is rejected, and for one hour at most.
    ///
    /// A lifetime can be read if it is a number, or a string of one, from 0 up to what 64 bits hold; a fraction is
    /// allowed. One of more than a year is cut to a year. Any other is logged, once for each exchange, and counts as
    /// absent.
    #[must_use]
    pub fn with_default_lifetime(mut self, lifetime: Duration) -> Self {
        self.facts_mut().default_lifetime = Some(lifetime);
        self
    }

    /// The unit of the lifetimes in answers.
    #[must_use]
    pub fn with_lifetime_unit(mut self, unit: LifetimeUnit) -> Self {
        self.facts_mut().lifetime_unit = unit;
        self
    }

    /// The way an absolute expiry is written in answers.
    #[must_use]
    pub fn with_expiry_format(mut self, format: ExpiryFormat) -> Self {
        self.facts_mut().expiry_format = format;
        self
    }

    /// The character that separates the scope tokens in answers.
    #[must_use]
    pub fn with_scope_separator(mut self, separator: ScopeSeparator) -> Self {
        self.facts_mut().scope_separator = separator;
        self
    }

    /// What happens when a refresh token is sent a second time.
    #[must_use]
    pub fn with_replay_rule(mut self, rule: ReplayRule) -> Self {
        self.facts_mut().replay = rule;
        self
    }

    /// One more response that means a rejected token, besides a 401. [`BodySign`] says which bodies are read for it, and
    /// what that costs.
    #[must_use]
    pub fn with_rejection(mut self, sign: BodySign) -> Self {
        self.facts_mut().signs.push(sign);
        self
    }

    /// Takes a 401 for a rejection only if a `Bearer` challenge is among its challenges, or none can be read.
    ///
    /// Unless this is set, a 401 that names other schemes only (`Basic`, `Token`, `Negotiate`) is a rejection as well:
    /// many APIs do not name the scheme that they want. Set it for an API in which a 401 with another scheme's
    /// challenge says nothing of the token.
    #[must_use]
    pub fn with_bearer_challenges_only(mut self) -> Self {
        self.facts_mut().other_schemes_reject = false;
        self
    }

    /// One more token answer that is a refusal though its status is 2xx. Without any, an answer is one if it has an
    /// `error`, or if its `ok` or `success` is `false`; those stay.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the sign can never be in a token answer: it is bound to operations or to statuses that are
    /// not 2xx, or it points to the whole document.
    pub fn with_refusal(mut self, sign: BodySign) -> Result<Self, ConfigError> {
        self.facts_mut().refusals.push(sign.check_refusal()?);
        Ok(self)
    }

    /// One more origin that tokens may be sent to: that of an absolute URL.
    ///
    /// # Errors
    ///
    /// As for [`Origin::of`].
    pub fn with_origin(mut self, url: &str) -> Result<Self, ConfigError> {
        let origin: Origin = url.parse()?;
        self.facts_mut().origins = self.facts.origins.iter().cloned().chain([origin]).collect();
        Ok(self)
    }

    /// These origins in place of the profile's own.
    #[must_use]
    pub fn with_origins(mut self, origins: Origins) -> Self {
        self.facts_mut().origins = origins;
        self
    }

    /// One more published rate limit.
    #[must_use]
    pub fn with_rate_limit(mut self, limit: RateLimit) -> Self {
        self.facts_mut().rate_limits.push(limit);
        self
    }

    /// The parameters that say what the token is for (RFC 8707 section 2; `audience` is what servers had before it). They
    /// belong into each request of a sign-in.
    pub(crate) fn targets(&self) -> impl Iterator<Item = (&str, &str)> {
        let parameters = self.parameters.iter().map(|(name, value)| (&**name, &**value));
        parameters.filter(|(name, _)| matches!(*name, "resource" | "audience"))
    }

    /// The provider's name.
    pub fn name(&self) -> &str {
        &self.facts.name
    }

    /// The token endpoint.
    pub fn token_url(&self) -> &Uri {
        self.facts.token_url.uri()
    }

    /// The origins that tokens may be sent to.
    pub fn origins(&self) -> &Origins {
        &self.facts.origins
    }

    /// Whether a token answer is a refusal by one of the profile's own signs.
    pub(crate) fn refuses(&self, status: StatusCode, members: &[(String, Value)]) -> bool {
        self.facts.refusals.iter().any(|sign| sign.applies_to(status, None) && sign.is_in_members(members))
    }

    /// What happens when a refresh token is sent a second time.
    pub fn replay_rule(&self) -> ReplayRule {
        self.facts.replay
    }

    /// The published rate limits.
    pub fn rate_limits(&self) -> &[RateLimit] {
        &self.facts.rate_limits
    }
}

fn token_uri(url: &str) -> Result<Uri, ConfigError> {
    endpoint_url("token URL", url)
}
