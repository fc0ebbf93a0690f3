//! `Facts`: everything that a profile states about a provider.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Uri};

use super::answer::{AnswerNames, ExpiryFormat, LifetimeUnit, Names, ScopeSeparator};
use super::api_header::ApiHeader;
use super::device::DeviceNames;
use super::origin::Origins;
use super::origin_from::OriginFrom;
use super::rate_limit::RateLimit;
use super::rejection::BodySign;
use super::replay_rule::ReplayRule;
use super::request::{ClientAuth, Encoding};
use super::token_url::TokenUrl;
use crate::url::shown;

/// A text of a profile.
pub(crate) type Text = Cow<'static, str>;

/// Parameters of a request: names and values.
pub(crate) type Parameters = Vec<(Text, Text)>;

/// The facts that all identities of a provider share.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Facts {
    pub(super) name: Text,
    pub(super) token_url: TokenUrl,
    /// The endpoint for refresh tokens, if it is not the token endpoint.
    pub(crate) refresh_url: Option<Uri>,
    pub(super) moved_from: Vec<TokenUrl>,
    pub(super) published: Vec<TokenUrl>,
    pub(crate) encoding: Encoding,
    pub(crate) encoding_may_differ: bool,
    pub(crate) client_auth: ClientAuth,
    /// The headers of every request to the provider's OAuth endpoints.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// The `grant_type` with which the client gets its own token.
    pub(crate) grant_type: Option<Text>,
    /// The parameters of token requests with one `grant_type` only.
    pub(crate) parameters_for: BTreeMap<Text, Parameters>,
    pub(crate) request_scope_separator: ScopeSeparator,
    pub(crate) names: AnswerNames,
    pub(crate) form_answers: bool,
    pub(crate) default_token_type: Option<Text>,
    /// The token types beside Bearer that a Bearer token may have.
    pub(crate) accepted_token_types: Vec<Text>,
    pub(crate) default_lifetime: Option<Duration>,
    pub(crate) lifetime_unit: LifetimeUnit,
    pub(crate) expiry_format: ExpiryFormat,
    pub(crate) answer_scope_separator: ScopeSeparator,
    /// The members of an answer that are kept beside the token.
    pub(crate) keep: Names,
    /// The codes beyond those that every profile has.
    pub(super) dead_grant_codes: Vec<Text>,
    pub(crate) replay: ReplayRule,
    pub(super) refusals: Vec<BodySign>,
    pub(crate) signs: Vec<BodySign>,
    pub(crate) other_schemes_reject: bool,
    pub(super) origins: Origins,
    pub(crate) origin_from: Option<OriginFrom>,
    pub(crate) api_header: ApiHeader,
    pub(super) rate_limits: Vec<RateLimit>,
    /// The headers for the number of remaining calls and for the time of the reset.
    pub(crate) rate_limit_headers: Vec<(HeaderName, HeaderName)>,
    pub(super) people: SignInFacts,
}

/// The facts that only sign-ins and refresh tokens need.
#[derive(Clone, PartialEq)]
pub(super) struct SignInFacts {
    pub(super) authorize_url: Option<Uri>,
    /// The fixed parameters of the sign-in page.
    pub(super) authorize_parameters: Parameters,
    pub(super) client_id_name: Text,
    pub(super) redirect_uri_name: Text,
    pub(super) pkce: bool,
    /// The parameters of a callback that are kept with the tokens.
    pub(super) keep_callback: Vec<Text>,
    pub(super) keep_access_token: bool,
    pub(super) issuer: Option<Text>,
    pub(super) issuer_in_callback: bool,
    pub(super) device_url: Option<Uri>,
    pub(super) device_names: DeviceNames,
    pub(super) revocation_url: Option<Uri>,
    pub(super) revocation_encoding: Option<Encoding>,
    pub(super) refresh_token_lifetime: Option<Duration>,
}

impl Facts {
    /// Returns the facts of a provider that follows RFC 6749.
    pub(super) fn new(name: Text, token_url: Uri) -> Self {
        Self {
            name,
            token_url: TokenUrl::at(token_url),
            refresh_url: None,
            moved_from: Vec::new(),
            published: Vec::new(),
            encoding: Encoding::Form,
            encoding_may_differ: false,
            client_auth: ClientAuth::Basic,
            headers: Vec::new(),
            grant_type: None,
            parameters_for: BTreeMap::new(),
            request_scope_separator: ScopeSeparator::Space,
            names: AnswerNames::new(),
            form_answers: false,
            default_token_type: None,
            accepted_token_types: Vec::new(),
            default_lifetime: None,
            lifetime_unit: LifetimeUnit::Seconds,
            expiry_format: ExpiryFormat::UnixSeconds,
            answer_scope_separator: ScopeSeparator::Space,
            keep: Names::new(),
            dead_grant_codes: Vec::new(),
            replay: ReplayRule::Unknown,
            refusals: Vec::new(),
            signs: Vec::new(),
            // Many APIs answer with another scheme's challenge although they want a Bearer token.
            other_schemes_reject: true,
            // Empty: without an origin, no request gets a token.
            origins: Origins::default(),
            origin_from: None,
            api_header: ApiHeader::bearer(),
            rate_limits: Vec::new(),
            rate_limit_headers: Vec::new(),
            people: SignInFacts::new(),
        }
    }
}

impl SignInFacts {
    /// Returns the facts of a provider without a sign-in, with the names of RFC 6749 section 4.1.
    fn new() -> Self {
        Self {
            authorize_url: None,
            authorize_parameters: Parameters::new(),
            client_id_name: Text::Borrowed("client_id"),
            redirect_uri_name: Text::Borrowed("redirect_uri"),
            pkce: true,
            keep_callback: Vec::new(),
            keep_access_token: false,
            issuer: None,
            issuer_in_callback: false,
            device_url: None,
            device_names: DeviceNames::new(),
            revocation_url: None,
            revocation_encoding: None,
            refresh_token_lifetime: None,
        }
    }
}

/// Shows the URLs as errors show them, without the query, which may hold a secret.
impl fmt::Debug for SignInFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let without_query = |url: &Option<Uri>| url.as_ref().map(|url| shown(&url.to_string()));
        f.debug_struct("SignInFacts")
            .field("authorize_url", &without_query(&self.authorize_url))
            .field("device_url", &without_query(&self.device_url))
            .field("revocation_url", &without_query(&self.revocation_url))
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}
