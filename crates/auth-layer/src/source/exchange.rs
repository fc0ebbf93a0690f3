//! `Exchange`: a grant traded at a token endpoint.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::advice::Advice;
use super::refresh::{Redeemed, Refresh};
use super::token_source::{IssuedToken, TokenRequest, TokenSource};
use crate::clock::{Clock, SystemClock};
use crate::config_error::ConfigError;
use crate::credential::Credential;
use crate::endpoint::{TokenAnswer, TokenEndpoint, Transport};
use crate::error::{Error, ErrorKind, shown};
use crate::grant::Grant;
use crate::identity::Identity;
use crate::profile::{ClientAuth, Profile, TokenUrl};
use crate::store::{Label, MemoryStore, StoreKey, TokenStore};
use crate::token::{Resource, Scope, TokenTypeId};

/// A grant that is traded for tokens at a profile's token endpoint.
///
/// An answer without a usable access token is an error. If it is the answer to a refresh and has a refresh token, that one
/// is stored before the error is returned, even if the answer breaks off behind it. Nothing is taken from an answer whose
/// status is not 2xx.
///
/// ```no_run
/// use auth_layer::{Credential, Exchange, Grant, Profile};
///
/// // As it comes: the default transport, a timeout of 30 s.
/// let exchange = Exchange::builder(
///     Profile::gbg_go(),
///     Credential::new("client-id", "client-secret"),
///     Grant::ClientCredentials,
/// )
/// .build()?;
///
/// // With one thing changed.
/// let patient = Exchange::builder(
///     Profile::gbg_go(),
///     Credential::new("client-id", "client-secret"),
///     Grant::ClientCredentials,
/// )
/// .timeout(std::time::Duration::from_secs(90))
/// .build()?;
/// # Ok::<(), auth_layer::ConfigError>(())
/// ```
#[derive(Debug)]
pub struct Exchange {
    endpoint: TokenEndpoint,
    grant: Grant,
    refresh: Option<Refresh>,
    required_scope: Option<Scope>,
    advice: Advice,
}

impl Exchange {
    /// Describes an exchange: where, as whom, and what is traded.
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

    /// Under which key the store keeps this identity's record; `None` if the grant has none. It is the one that
    /// [`StoreKey::for_identity`] makes, for which no exchange is needed.
    ///
    /// A grant that has ended stays so until another refresh token is written there: who lets a person sign in
    /// again writes an [`Entry`](crate::Entry) with the new one.
    pub fn store_key(&self) -> Option<&StoreKey> {
        self.refresh.as_ref().map(Refresh::key)
    }

    async fn trade(&self, request: &TokenRequest) -> Result<IssuedToken, Error> {
        match &self.refresh {
            Some(refresh) => {
                match refresh.redeem(&self.endpoint, request, self.required_scope.as_ref()).await? {
                    Redeemed::Answer(answer) => self.issue(answer),
                    Redeemed::Adopted(issued) => Ok(issued),
                }
            }
            None => self.issue(self.endpoint.exchange_grant(&self.grant).await?),
        }
    }

    /// Looks whether the secrets or the sign-in in the store are others than those that failed last.
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
        self.refresh.is_some()
    }

    fn has_changed(&self) -> Option<Pin<Box<dyn Future<Output = bool> + Send + '_>>> {
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

/// Whether what a token exchange brought may be sent as a Bearer token (RFC 8693 section 2.2.1). Its `token_type` alone
/// does not tell: some servers say Bearer whatever they issued.
fn check_issued(issued: Option<&TokenTypeId>) -> Result<(), Error> {
    let Some(issued) = issued else {
        let message = "the answer has no issued_token_type (RFC 8693 section 2.2.1)";
        return Err(Error::new(ErrorKind::InvalidAnswer, message));
    };
    if NO_ACCESS_TOKENS.contains(issued) {
        let message = format!("the token is a {issued}, and only an access token can be used");
        return Err(Error::new(ErrorKind::TokenType, message));
    }
    Ok(())
}

/// Makes an [`Exchange`].
///
/// ```
/// use auth_layer::{Credential, Exchange, Grant, Profile};
///
/// let refused = Exchange::builder(
///     Profile::gotab(),
///     Credential::new("access-id", ""),
///     Grant::ClientCredentials,
/// )
/// .build()
/// .unwrap_err();
/// assert_eq!(refused.to_string(), "client secret: is empty; set it to the real value");
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
    /// The transport of the token requests. The default is the hyper leaf, or else the reqwest leaf, whichever feature is on.
    /// The whole process shares it: the certificates and the proxies of the environment are read once, and exchanges
    /// that run on one tokio runtime share connections.
    ///
    /// A client that you built needs a second one ([`Transport::one_shot`]).
    pub fn transport(mut self, transport: Transport) -> Self {
        self.transport = Some(transport);
        self
    }

    /// The `User-Agent` of the token requests, in place of the transport's
    /// ([`Transport::with_user_agent`]). An invalid one is a [`ConfigError`] when the exchange is built.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = Some(user_agent.into());
        self
    }

    /// Where the time comes from. Give the manager the same clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Where refresh tokens are kept. The default is a memory of the exchange's own.
    pub fn store(mut self, store: Arc<dyn TokenStore>) -> Self {
        self.store = Some(store);
        self
    }

    /// Whose refresh token it is: an account's name, which becomes part of the key in the store. It is
    /// needed where one client keeps several people's tokens in one store.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }

    /// The scope to ask for, in place of the profile's. A refresh asks for less than was granted so (RFC 6749
    /// section 6); without it, for all that was.
    pub fn scope(mut self, scope: Scope) -> Self {
        self.scope = Some(scope);
        self
    }

    /// The audience the token is for, as its issuer names it (RFC 8693 section 2.1).
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.profile = self.profile.with_parameter("audience", audience.into());
        self
    }

    /// The resource the token is for (RFC 8707 section 2).
    pub fn resource(mut self, resource: &Resource) -> Self {
        self.profile = self.profile.with_parameter("resource", resource.to_string());
        self
    }

    /// Asks for the token of an identity: its scope, audience and resource, where it states them, and its tenant as
    /// the [`subject`](Self::subject).
    ///
    /// Scope, audience and resource are part of the key in the store. Where a refresh token is used up by each
    /// exchange, give identities that differ in them refresh tokens of their own.
    pub fn identity(mut self, identity: &Identity) -> Self {
        self = self.subject(identity.tenant());
        self.scope = identity.scope().cloned().or(self.scope);
        self.profile = self.profile.for_identity(identity);
        self
    }

    /// How long one token request may take, headers and body together. 30 s unless set.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Refuses a token that was granted less than this scope.
    pub fn require_scope(mut self, scope: Scope) -> Self {
        self.required_scope = Some(scope);
        self
    }

    /// What a person has to do where a sign-in is needed, in words that follow a colon. It becomes part of the error
    /// ([`Error::remedy`]).
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// What to do where the server refuses the client itself: it knows no such id, or not this secret. In words that follow
    /// a colon, such as "check CLIENT_ID and CLIENT_SECRET". It becomes part of the error ([`Error::remedy`]).
    pub fn client_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.advice = Advice(Some(remedy.into()));
        self
    }

    /// Makes the exchange. Nothing is sent, and no runtime is needed.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for an id, a secret or a refresh token without a visible character, for client credentials of a public client
    /// (RFC 6749 section 4.4), for a parameter that the grant sets itself, for a grant that the provider's encoding
    /// cannot carry, for a `User-Agent` that is not a valid header value, and where there is no transport.
    pub fn build(mut self) -> Result<Exchange, ConfigError> {
        if let Some(scope) = &self.scope {
            self.profile.scope = Some(scope.clone());
        }
        self.grant.check()?;
        let refresh = match &self.grant {
            Grant::ClientCredentials if self.profile.facts().client_auth == ClientAuth::Public => {
                let problem = "need a client that authenticates (RFC 6749 section 4.4)";
                return Err(ConfigError::new("client credentials", problem));
            }
            Grant::ClientCredentials | Grant::JwtBearer(_) | Grant::TokenExchange(_) | Grant::Custom(_) => {
                None
            }
            Grant::Stored if self.store.is_none() => {
                return Err(ConfigError::new("stored refresh token", "needs the store that keeps it"));
            }
            Grant::RefreshToken(_) | Grant::Stored => {
                let token = match &self.grant {
                    Grant::RefreshToken(token) => Some(token.clone()),
                    _ => None,
                };
                let key = self.key();
                // A refresh asks for what was granted, which is what no scope at all means, or for a part of it.
                self.profile.scope = self.scope.clone();
                let clock = self.clock.clone();
                let store =
                    self.store.take().unwrap_or_else(|| Arc::new(MemoryStore::with_clock(clock.clone())));
                let label = Label::new(self.profile.name(), self.credential.id(), self.subject.clone());
                let token_url = TokenUrl::at(self.profile.token_url().clone());
                Some(Refresh::new(store, key, token, clock, label, token_url, self.remedy.take()))
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

/// Long enough for a slow identity provider, short enough for a person to wait.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What a token exchange may bring that is for no API to see.
const NO_ACCESS_TOKENS: [TokenTypeId; 4] =
    [TokenTypeId::REFRESH_TOKEN, TokenTypeId::ID_TOKEN, TokenTypeId::SAML1, TokenTypeId::SAML2];
