//! `Profile`: the facts about one provider.

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
use crate::error::ConfigError;
use crate::identity::Identity;
use crate::token::Scope;
use crate::url::endpoint_url;

/// The facts about a provider: its token endpoint, the shape of its answers, the origins that may get its tokens, and
/// the signs of a rejected token.
///
/// A new profile follows RFC 6749: form bodies, a Basic header, the standard names, and no defaults for missing
/// members.
///
/// ```
/// use auth_layer::Profile;
///
/// // A provider that follows the RFC:
/// let plain = Profile::new("example", "https://auth.example.com/token")?
///     .with_origin("https://api.example.com")?;
///
/// // A built-in provider with another token URL:
/// let gotab = Profile::gotab().with_token_url("https://gotab.io/api/oauth/token")?;
/// assert_eq!(gotab.name(), "gotab");
/// # Ok::<(), auth_layer::ConfigError>(())
/// ```
///
/// A profile is cheap to clone: clones share their facts until one of them is changed.
#[derive(Clone, Debug)]
pub struct Profile {
    pub(super) facts: Arc<Facts>,
    // These differ between the identities of one provider. They are outside of the shared facts, so that a profile for
    // an identity does not copy those.
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
    /// The codes beyond those that every profile has.
    pub(super) dead_grant_codes: Vec<Cow<'static, str>>,
    pub(crate) replay: ReplayRule,
    pub(crate) signs: Vec<BodySign>,
    pub(crate) other_schemes_reject: bool,
    refusals: Vec<BodySign>,
    origins: Origins,
    rate_limits: Vec<RateLimit>,
    pub(super) people: SignInFacts,
}

/// The reaction of a server to a refresh token that is sent a second time.
///
/// ```
/// use auth_layer::{Profile, ReplayRule};
///
/// assert_eq!(Profile::goto().replay_rule(), ReplayRule::Reusable);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReplayRule {
    /// The server assumes theft and revokes all tokens of the grant (RFC 9700 section 4.14.2).
    KillsFamily,
    /// The refresh token still works for this long after its first use.
    Grace(Duration),
    /// The refresh token works until it expires.
    Reusable,
    /// The provider does not say.
    Unknown,
}

impl Profile {
    /// Makes a profile of a provider that follows RFC 6749.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if `token_url` is not a valid URL, has a fragment (RFC 6749 section 3.2), names a user,
    /// or is neither https nor loopback (RFC 6749 section 2.3.1).
    pub fn new(name: impl Into<Cow<'static, str>>, token_url: &str) -> Result<Self, ConfigError> {
        token_uri(token_url).map(|uri| Self::at(name.into(), uri))
    }

    /// Makes a profile from a URL that is known to be valid.
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
            // Many APIs answer with another scheme's challenge although they want a Bearer token.
            other_schemes_reject: true,
            refusals: Vec::new(),
            // Empty: without an origin, no request gets a token.
            origins: Origins::default(),
            rate_limits: Vec::new(),
            people: SignInFacts::new(),
        };
        Self { facts: Arc::new(facts), parameters: Vec::new(), scope: None }
    }

    /// Returns the facts that all identities of the provider share.
    pub(crate) fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Returns the facts for a change. The clones of this profile keep the old facts.
    pub(super) fn facts_mut(&mut self) -> &mut Facts {
        // Copies the facts only if another profile shares them.
        Arc::make_mut(&mut self.facts)
    }

    /// Sets another token endpoint, for example that of a sandbox.
    ///
    /// A stored sign-in with a different token URL is then an error ([`ErrorKind::TokenUrl`]), unless
    /// [`with_moved_from`](Self::with_moved_from) adds that URL.
    ///
    /// [`ErrorKind::TokenUrl`]: crate::ErrorKind::TokenUrl
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Profile::new`].
    pub fn with_token_url(mut self, token_url: &str) -> Result<Self, ConfigError> {
        self.facts_mut().token_url = TokenUrl::at(token_uri(token_url)?);
        Ok(self)
    }

    /// Sets the encoding of token requests.
    #[must_use]
    pub fn with_encoding(mut self, encoding: Encoding) -> Self {
        self.facts_mut().encoding = encoding;
        self
    }

    /// Allows both encodings for token requests. After a 415 the request is sent once more in the other encoding.
    ///
    /// The encoding that worked is used from then on. A request with a code, a refresh token, a device code or an
    /// assertion is never sent twice, since the first request may have used it up.
    #[must_use]
    pub fn with_either_encoding(mut self) -> Self {
        self.facts_mut().encoding_may_differ = true;
        self
    }

    /// Sets how the client authenticates.
    #[must_use]
    pub fn with_client_auth(mut self, client_auth: ClientAuth) -> Self {
        self.facts_mut().client_auth = client_auth;
        self
    }

    /// Adds a fixed parameter to every token request.
    #[must_use]
    pub fn with_parameter(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// Adds the audience and the resource of an identity to the parameters.
    pub(crate) fn for_identity(mut self, identity: &Identity) -> Self {
        if let Some(audience) = identity.audience() {
            self = self.with_parameter("audience", audience.to_owned());
        }
        match identity.resource() {
            Some(resource) => self.with_parameter("resource", resource.to_string()),
            None => self,
        }
    }

    /// Sets the scope of token requests.
    #[must_use]
    pub fn with_scope(mut self, scope: Scope) -> Self {
        self.scope = Some(scope);
        self
    }

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
    pub fn with_default_token_type(mut self, token_type: &'static str) -> Self {
        self.facts_mut().default_token_type = Some(token_type);
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
    pub fn with_scope_separator(mut self, separator: ScopeSeparator) -> Self {
        self.facts_mut().scope_separator = separator;
        self
    }

    /// Sets how the server reacts to a refresh token that is sent a second time.
    #[must_use]
    pub fn with_replay_rule(mut self, rule: ReplayRule) -> Self {
        self.facts_mut().replay = rule;
        self
    }

    /// Adds a sign of a rejected token, beside status 401. [`BodySign`] explains which bodies are read for it, and what
    /// this costs.
    #[must_use]
    pub fn with_rejection(mut self, sign: BodySign) -> Self {
        self.facts_mut().signs.push(sign);
        self
    }

    /// Treats a 401 as a rejected token only if it has a `Bearer` challenge, or no challenge that can be read.
    ///
    /// By default, a 401 with challenges of other schemes only (`Basic`, `Token`, `Negotiate`) is a rejection as well,
    /// since many APIs do not name the scheme that they want. Set this for an API whose 401 with another scheme's
    /// challenge does not concern the token.
    #[must_use]
    pub fn with_bearer_challenges_only(mut self) -> Self {
        self.facts_mut().other_schemes_reject = false;
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

    /// Adds the origin of an absolute URL to the origins that tokens may be sent to.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] for the reasons of [`Origin::of`].
    pub fn with_origin(mut self, url: &str) -> Result<Self, ConfigError> {
        let origin: Origin = url.parse()?;
        self.facts_mut().origins = self.facts.origins.iter().cloned().chain([origin]).collect();
        Ok(self)
    }

    /// Replaces the origins that tokens may be sent to.
    #[must_use]
    pub fn with_origins(mut self, origins: Origins) -> Self {
        self.facts_mut().origins = origins;
        self
    }

    /// Adds a published rate limit.
    #[must_use]
    pub fn with_rate_limit(mut self, limit: RateLimit) -> Self {
        self.facts_mut().rate_limits.push(limit);
        self
    }

    /// Returns the parameters that name the API the token is for: `resource` (RFC 8707 section 2), and `audience`, its
    /// older form at some servers. Each request of a sign-in must have them.
    pub(crate) fn targets(&self) -> impl Iterator<Item = (&str, &str)> {
        let parameters = self.parameters.iter().map(|(name, value)| (&**name, &**value));
        parameters.filter(|(name, _)| matches!(*name, "resource" | "audience"))
    }

    /// Returns the provider's name.
    pub fn name(&self) -> &str {
        &self.facts.name
    }

    /// Returns the URL of the token endpoint.
    pub fn token_url(&self) -> &Uri {
        self.facts.token_url.uri()
    }

    /// Returns the origins that tokens may be sent to.
    pub fn origins(&self) -> &Origins {
        &self.facts.origins
    }

    /// Returns whether a token answer has one of the profile's signs of a refusal.
    pub(crate) fn refuses(&self, status: StatusCode, members: &[(String, Value)]) -> bool {
        self.facts.refusals.iter().any(|sign| sign.applies_to(status, None) && sign.is_in_members(members))
    }

    /// Returns how the server reacts to a refresh token that is sent a second time.
    pub fn replay_rule(&self) -> ReplayRule {
        self.facts.replay
    }

    /// Returns the published rate limits.
    pub fn rate_limits(&self) -> &[RateLimit] {
        &self.facts.rate_limits
    }
}

fn token_uri(url: &str) -> Result<Uri, ConfigError> {
    endpoint_url("token URL", url)
}
