//! `Exchange`: a token source that sends a grant to a token endpoint.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::advice::Advice;
use super::redeem::Redeemed;
use super::refresh::Refresh;
use super::token_source::{IssuedToken, TokenRequest, TokenSource};
use crate::clock::{Clock, SystemClock};
use crate::endpoint::{TokenAnswer, TokenEndpoint, Transport};
use crate::error::{ConfigError, Error, ErrorKind, shown};
use crate::grant::Grant;
use crate::identity::Identity;
use crate::profile::{ClientAuth, Profile, TokenUrl};
use crate::secret::Credential;
use crate::store::{Label, MemoryStore, StoreKey, TokenStore};
use crate::token::{Resource, Scope, TokenTypeId};

/// A token source that exchanges a grant for tokens at a profile's token endpoint.
///
/// An answer without a usable access token is an error. If the answer to a refresh has a new refresh token all the
/// same, that token is stored before the error is returned, even if the connection breaks after it. An answer with
/// another status than 2xx never changes the stored token.
///
/// ```no_run
/// use auth_layer::{Credential, Exchange, Grant, Profile};
///
/// let profile = Profile::new("example", "https://auth.example.com/token")?;
/// let credential = Credential::new("client-id", "client-secret");
/// let exchange = Exchange::builder(profile, credential, Grant::ClientCredentials)
///     .timeout(std::time::Duration::from_secs(10)) // 30 s unless set
///     .build()?;
/// # Ok::<(), auth_layer::ConfigError>(())
/// ```
#[derive(Debug)]
pub struct Exchange {
    endpoint: TokenEndpoint,
    grant: Grant,
    /// In a box, since a pool may hold many exchanges of grants that have no refresh token.
    refresh: Option<Box<Refresh>>,
    required_scope: Option<Scope>,
    advice: Advice,
}

impl Exchange {
    /// Returns a builder for an exchange: the provider, the client and the grant.
    pub fn builder(profile: Profile, credential: Credential, grant: Grant) -> ExchangeBuilder {
        ExchangeBuilder {
            profile,
            credential,
            grant,
            transport: None,
            user_agent: None,
            clock: Arc::new(SystemClock::new()),
            store: None,
            subject: String::new(),
            scope: None,
            timeout: TIMEOUT,
            required_scope: None,
            remedy: None,
            advice: Advice::default(),
        }
    }

    /// Returns the key of this identity's record in the store. `None` if the grant has no record. The key equals that
    /// of [`StoreKey::for_identity`], which needs no exchange.
    ///
    /// A grant that has ended stays ended until another refresh token is written under this key. After a person has
    /// signed in again, write an [`Entry`](crate::store::Entry) with the new refresh token.
    pub fn store_key(&self) -> Option<&StoreKey> {
        self.refresh.as_ref().map(|refresh| refresh.key())
    }

    /// Gets a token for the grant.
    async fn trade(&self, request: &TokenRequest) -> Result<IssuedToken, Error> {
        let issued = match &self.refresh {
            Some(refresh) => {
                match refresh.redeem(&self.endpoint, request, self.required_scope.as_ref()).await? {
                    Redeemed::Answer(answer) => self.issue(answer)?,
                    Redeemed::Adopted(issued) => issued,
                }
            }
            None => self.issue(self.endpoint.exchange_grant(&self.grant).await?)?,
        };
        self.fit_out(issued)
    }

    /// Adds what the profile says about every token: the text before it in the header, and the origin that its answer
    /// names.
    fn fit_out(&self, mut issued: IssuedToken) -> Result<IssuedToken, Error> {
        let profile = self.endpoint.profile();
        let facts = profile.facts();
        issued.token = issued.token.with_prefix(facts.api_header.prefix())?;
        if let Some(rule) = &facts.origin_from {
            let url = rule.member().iter().find_map(|name| issued.kept.get(&**name));
            issued.origin = url.and_then(|url| rule.accept(url));
            if issued.origin.is_none() {
                // The value is left out: it may be anything.
                tracing::warn!(
                    provider = profile.name(),
                    "the token answer names no origin below the profile's domains, so that the token goes only to \
                     the listed origins"
                );
            }
        }
        Ok(issued)
    }

    /// Returns whether the secrets or the stored sign-in have changed since the last failure. A check that takes longer
    /// than the timeout counts as no change.
    async fn would_send_something_else(&self) -> bool {
        let looking = async {
            if let Some(refresh) = &self.refresh
                && let Some(known) = refresh.has_news(self.required_scope.as_ref()).await
            {
                return known;
            }
            self.endpoint.has_other_secrets(&self.grant).await
        };
        self.endpoint.in_timeout(looking).await.unwrap_or(false)
    }

    /// Checks the token of an answer, and returns it as this source issues it.
    fn issue(&self, answer: TokenAnswer) -> Result<IssuedToken, Error> {
        if let Some(required) = &self.required_scope
            && answer.lacks(required)
        {
            let granted = shown(&answer.scope.unwrap_or_default().to_string());
            let message = format!("the token's scope is \"{granted}\", and \"{required}\" is required");
            return Err(Error::new(ErrorKind::Scope, message));
        }
        let mut issued = IssuedToken::new(answer.access_token, answer.sent, answer.lifetime);
        issued.scope = answer.scope;
        issued.kept = answer.kept;
        issued.issued_token_type = answer.issued_token_type;
        if matches!(self.grant, Grant::TokenExchange(_)) {
            check_issued(issued.issued_token_type.as_ref())?;
        }
        Ok(issued)
    }
}

#[async_trait]
impl TokenSource for Exchange {
    async fn token(&self, request: &TokenRequest) -> Result<IssuedToken, Error> {
        self.trade(request).await.map_err(|error| self.advice.add_to(error))
    }

    fn must_finish(&self) -> bool {
        // A refresh may use its refresh token up, and only the answer has the next one. Other grants can be sent again.
        self.refresh.is_some()
    }

    fn has_changed(&self) -> Option<Pin<Box<dyn Future<Output = bool> + Send + '_>>> {
        // `None` saves the manager a check that could never find a change.
        let may_change = self.refresh.is_some() || !self.endpoint.has_fixed_secrets(&self.grant);
        may_change.then(|| Box::pin(self.would_send_something_else()) as _)
    }

    async fn flush(&self) -> Result<(), Error> {
        match &self.refresh {
            Some(refresh) => refresh.flush().await,
            None => Ok(()),
        }
    }
}

/// Returns an error if the token of a token exchange must not be sent as a Bearer token (RFC 8693 section 2.2.1).
///
/// Its `token_type` is not enough to decide that: some servers answer `Bearer` for every kind of token.
fn check_issued(issued: Option<&TokenTypeId>) -> Result<(), Error> {
    let Some(issued) = issued else {
        let message = "the answer has no issued_token_type (RFC 8693 section 2.2.1)";
        return Err(Error::new(ErrorKind::InvalidAnswer, message));
    };
    if NO_ACCESS_TOKENS.contains(issued) {
        let message = format!(
            "the server issued a {issued}, and only an access token can be used; request another token type"
        );
        return Err(Error::new(ErrorKind::TokenType, message));
    }
    Ok(())
}

/// A builder for an [`Exchange`].
///
/// ```
/// use auth_layer::{Credential, Exchange, Grant, Profile};
///
/// let profile = Profile::new("example", "https://auth.example.com/token")?;
/// let credential = Credential::new("client-id", "");
/// let refused = Exchange::builder(profile, credential, Grant::ClientCredentials).build().unwrap_err();
/// assert_eq!(refused.to_string(), "client secret: is empty; set it to the real value");
/// # Ok::<(), auth_layer::ConfigError>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct ExchangeBuilder {
    profile: Profile,
    credential: Credential,
    grant: Grant,
    transport: Option<Transport>,
    user_agent: Option<String>,
    clock: Arc<dyn Clock>,
    store: Option<Arc<dyn TokenStore>>,
    subject: String,
    scope: Option<Scope>,
    timeout: Duration,
    required_scope: Option<Scope>,
    remedy: Option<String>,
    advice: Advice,
}

impl ExchangeBuilder {
    /// Sets the transport of the token requests.
    ///
    /// The default is the hyper leaf if its feature is on, or else the reqwest leaf. The whole process shares the
    /// default: the certificates and the proxies of the environment are read once, and exchanges on one tokio runtime
    /// share connections.
    ///
    /// A transport around your own client needs a second client for requests that are sent once
    /// ([`Transport::one_shot`]).
    pub fn transport(mut self, transport: Transport) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Sets the `User-Agent` of the token requests. It replaces that of the transport ([`Transport::with_user_agent`]).
    /// [`build`](Self::build) returns an error if it is not a valid header value.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = Some(user_agent.into());
        self
    }

    /// Sets the clock. Give the manager the same clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the store of refresh tokens. The default is a [`MemoryStore`] that only this exchange uses.
    pub fn store(mut self, store: Arc<dyn TokenStore>) -> Self {
        self.store = Some(store);
        self
    }

    /// Sets the account that the refresh token belongs to. The name becomes part of the key in the store. Set it if one
    /// client keeps the tokens of several accounts in one store.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }

    /// Sets the scope to request, in place of the profile's. For a refresh it must not exceed the scope that was
    /// granted (RFC 6749 section 6). Without this setting a refresh requests everything that was granted.
    pub fn scope(mut self, scope: Scope) -> Self {
        self.scope = Some(scope);
        self
    }

    /// Sets the audience of the token, by the name that the issuer has for it (RFC 8693 section 2.1).
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.profile = self.profile.with_parameter("audience", audience.into());
        self
    }

    /// Sets the resource that the token is for (RFC 8707 section 2).
    pub fn resource(mut self, resource: &Resource) -> Self {
        self.profile = self.profile.with_parameter("resource", resource.to_string());
        self
    }

    /// Sets the scope, audience and resource of an identity, as far as it has them, and its tenant as the
    /// [`subject`](Self::subject).
    ///
    /// Scope, audience and resource are part of the key in the store. If each exchange uses its refresh token up, give
    /// every identity its own refresh token: two identities that differ in one of them have two records.
    pub fn identity(mut self, identity: &Identity) -> Self {
        self = self.subject(identity.tenant());
        self.scope = identity.scope().cloned().or(self.scope);
        self.profile = self.profile.for_identity(identity);
        self
    }

    /// Sets how long one token request may take, headers and body together. The default is 30 s. Under
    /// [`ReplayRule::Grace`](crate::ReplayRule::Grace), a refresh may take at most a quarter of the grace period.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the scope that a token must have. A token with less is an error.
    pub fn require_scope(mut self, scope: Scope) -> Self {
        self.required_scope = Some(scope);
        self
    }

    /// Sets the text about how a person signs in again. It follows a colon in the error ([`Error::remedy`]).
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Sets the text about what to do if the server refuses the client id or its secret, such as "check CLIENT_ID and
    /// CLIENT_SECRET". It follows a colon in the error ([`Error::remedy`]).
    pub fn client_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.advice = Advice(Some(remedy.into()));
        self
    }

    /// Creates the exchange. It sends nothing and needs no runtime.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] in these cases:
    ///
    /// - The client id, a secret or the refresh token has no visible character.
    /// - The grant is client credentials, and the client is public (RFC 6749 section 4.4).
    /// - The profile has a parameter that the grant sets itself.
    /// - The provider's encoding cannot carry the grant.
    /// - The grant is [`Grant::Stored`], and no store is set.
    /// - The `User-Agent` is not a valid header value.
    /// - No transport is set, and this crate was built without one.
    pub fn build(mut self) -> Result<Exchange, ConfigError> {
        if let Some(scope) = &self.scope {
            self.profile.scope = Some(scope.clone());
        }
        self.grant.check()?;
        let refresh = match &self.grant {
            Grant::ClientCredentials if self.profile.facts().client_auth == ClientAuth::Public => {
                let problem =
                    "need a client that authenticates (RFC 6749 section 4.4); give the client a secret";
                return Err(ConfigError::new("client credentials", problem));
            }
            Grant::ClientCredentials | Grant::JwtBearer(_) | Grant::TokenExchange(_) | Grant::Custom(_) => {
                None
            }
            Grant::Stored if self.store.is_none() => {
                return Err(ConfigError::new(
                    "stored refresh token",
                    "needs the store that has it; set one with `ExchangeBuilder::store`",
                ));
            }
            Grant::RefreshToken(_) | Grant::Stored => {
                let token = match &self.grant {
                    Grant::RefreshToken(token) => Some(token.clone()),
                    _ => None,
                };
                // Before the profile's scope is changed below, because the scope is part of the key.
                let key = self.key();
                // The profile's scope is for a sign-in. A refresh without a scope gets all that was granted (RFC 6749
                // section 6), and one with a wider scope than that would be refused.
                self.profile.scope = self.scope.clone();
                let clock = self.clock.clone();
                let store =
                    self.store.take().unwrap_or_else(|| Arc::new(MemoryStore::with_clock(clock.clone())));
                let label = Label::new(self.profile.name(), self.credential.id(), self.subject.clone());
                let token_url = TokenUrl::at(self.profile.token_url().clone());
                let remedy = self.remedy.take();
                Some(Box::new(Refresh::new(store, key, token, clock, label, token_url, remedy)))
            }
        };
        let transport = match self.transport {
            Some(transport) => transport,
            None => crate::leaf::default_transport()?,
        };
        let transport = match &self.user_agent {
            Some(user_agent) => transport.with_user_agent(user_agent)?,
            None => transport,
        };
        let endpoint =
            TokenEndpoint::new(self.profile, self.credential, transport, self.clock, self.timeout)?;
        endpoint.check(&self.grant)?;
        let Self { grant, required_scope, advice, .. } = self;
        Ok(Exchange { endpoint, grant, refresh, required_scope, advice })
    }

    fn key(&self) -> StoreKey {
        StoreKey::for_subject(&self.profile, self.credential.id(), &self.grant, &self.subject)
    }
}

/// Long enough for a slow identity provider, and short enough for a person who waits.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The token types of a token exchange that must not be sent to an API.
const NO_ACCESS_TOKENS: [TokenTypeId; 4] =
    [TokenTypeId::REFRESH_TOKEN, TokenTypeId::ID_TOKEN, TokenTypeId::SAML1, TokenTypeId::SAML2];
