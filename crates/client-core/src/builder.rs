//! `Builder`: puts a provider's client together.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use auth_layer::leaf::reqwest::ReqwestLeaf;
use auth_layer::{
    BoxError, Clock, ConfigError, Error, Exchange, FileStore, Grant, Origin, Profile, StackLayer,
    SystemClock, TokenManager, TokenPool, TokenStore,
};
use bytes::Bytes;
use http::header::USER_AGENT;
use http_body::Body as HttpBody;
use tower::{Layer, ServiceExt};
use tower_service::Service;

use crate::parts::{Stack, boxed, origin_shown, token_transport, unwrap_untouched, user_agent_header};
use crate::provider::{Identity, Provider, Variables};
use crate::remedy;
use crate::sent::Noting;
use crate::{Client, Request};

type Tell = dyn Fn(&Error) + Send + Sync;

/// Makes a provider's client: its credentials or a shared manager, and whatever else differs from the default.
///
/// The crates of the providers show it at work. Nothing is sent while building, and no runtime is needed.
#[must_use = "a builder does nothing until it is built"]
pub struct Builder<P: Provider> {
    profile: Profile,
    base_urls: Vec<Option<String>>,
    token_url: Option<String>,
    user_agent: Option<String>,
    identity: Option<Identity>,
    /// The environment variables that hold the client's id and secret, if they came from there.
    credential_variables: Vec<String>,
    manager: Option<TokenManager>,
    pool: Option<TokenPool>,
    leaf: Option<Stack>,
    one_shot_leaf: Option<Stack>,
    layers: Vec<Box<dyn FnOnce(Stack) -> Stack + Send>>,
    adjust: Vec<Box<dyn FnOnce(StackLayer) -> StackLayer + Send>>,
    replay_limit: usize,
    clock: Arc<dyn Clock>,
    store: Option<Arc<dyn TokenStore>>,
    subject: String,
    token_timeout: Option<Duration>,
    renew_early: Option<Duration>,
    tell: Option<Box<Tell>>,
    provider: std::marker::PhantomData<fn() -> P>,
}

impl<P: Provider> Builder<P> {
    /// A client as it comes: the provider's real URLs, and one reqwest leaf for API and token calls.
    pub fn new() -> Self {
        Self {
            profile: P::profile(),
            base_urls: vec![None; P::APIS.len()],
            token_url: None,
            user_agent: None,
            identity: None,
            credential_variables: Vec::new(),
            manager: None,
            pool: None,
            leaf: None,
            one_shot_leaf: None,
            layers: Vec::new(),
            adjust: Vec::new(),
            replay_limit: REPLAY_LIMIT,
            clock: Arc::new(SystemClock::new()),
            store: None,
            subject: String::new(),
            token_timeout: None,
            renew_early: None,
            tell: None,
            provider: std::marker::PhantomData,
        }
    }

    /// What to sign in with.
    pub fn credentials(mut self, credentials: P::Credentials) -> Self {
        self.identity = Some(credentials.into());
        self.credential_variables.clear();
        self
    }

    /// A manager shared with other clients, in place of credentials: one token for all of them.
    pub fn manager(mut self, manager: TokenManager) -> Self {
        self.manager = Some(manager);
        self
    }

    /// A pool of managers, in place of credentials: each request carries the token of its identity
    /// ([`Client::with_identity`]), or of the pool's default.
    ///
    /// The pool makes the exchanges of its managers, with a transport of their own.
    pub fn pool(mut self, pool: TokenPool) -> Self {
        self.pool = Some(pool);
        self
    }

    /// Another profile, such as a provider's second preset.
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Another base URL for one of the provider's APIs. The token is then sent to that origin in place of the real
    /// one. [`build`](Self::build) says whether it is valid.
    pub fn api_url(mut self, api: P::Api, url: impl Into<String>) -> Self {
        let url = url.into();
        for (slot, known) in self.base_urls.iter_mut().zip(P::APIS) {
            if known.name == api {
                *slot = Some(url.clone());
            }
        }
        self
    }

    /// Another token endpoint.
    pub fn token_url(mut self, url: impl Into<String>) -> Self {
        self.token_url = Some(url.into());
        self
    }

    /// The `User-Agent` of API and token requests, for example `billing/1.4`. Unless it is set, API requests name the
    /// provider's crate ([`Provider::USER_AGENT`]), and token requests this and
    /// [`auth_layer::USER_AGENT`].
    ///
    /// - A request that has a `User-Agent` keeps it, from a header parameter or from a [`layer`](Self::layer).
    /// - A default header of a reqwest client that is given as the [`leaf`](Self::leaf) does not count: reqwest adds it
    ///   only where a request has none. Set it here.
    /// - The token requests of a shared [`manager`](Self::manager) or [`pool`](Self::pool) have that of its own
    ///   exchanges.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = Some(user_agent.into());
        self
    }

    /// What really sends bytes, for API and token calls alike: any tower service over `http` types, such as a hyper
    /// client, a [`ReqwestLeaf`] with a proxy, or a closure in a test. It must not follow redirects.
    ///
    /// Where a provider's refresh tokens are good for one use, add a second one: with
    /// [`ReqwestLeaf::with_one_shot`] to a [`ReqwestLeaf`] of a client that you built, and with
    /// [`one_shot_leaf`](Self::one_shot_leaf) to any other service.
    pub fn leaf<S, R>(mut self, leaf: S) -> Self
    where
        S: Service<Request, Response = http::Response<R>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        R: HttpBody<Data = Bytes> + Send + 'static,
        R::Error: Into<BoxError>,
    {
        self.leaf = Some(boxed(leaf));
        self
    }

    /// A second [`leaf`](Self::leaf) for token requests that use something up, such as a refresh token. It must open a
    /// connection for each request (see [`Transport`](auth_layer::Transport)).
    pub fn one_shot_leaf<S, R>(mut self, leaf: S) -> Self
    where
        S: Service<Request, Response = http::Response<R>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        R: HttpBody<Data = Bytes> + Send + 'static,
        R::Error: Into<BoxError>,
    {
        self.one_shot_leaf = Some(boxed(leaf));
        self
    }

    /// One more layer, around all that is there already: the last one added sees a request first. It does not see
    /// token requests.
    pub fn layer<L, R>(mut self, layer: L) -> Self
    where
        L: Layer<Stack> + Send + 'static,
        L::Service: Service<Request, Response = http::Response<R>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Error: Into<BoxError>,
        <L::Service as Service<Request>>::Future: Send + 'static,
        R: HttpBody<Data = Bytes> + Send + 'static,
        R::Error: Into<BoxError>,
    {
        self.layers.push(Box::new(move |stack| boxed(layer.layer(stack))));
        self
    }

    /// Changes what stands round the token: retries, timeouts, rate limits (see [`StackLayer`]), and how long a call without
    /// a token waits while token requests fail for a moment ([`StackLayer::with_patience`]; 10 s unless set).
    ///
    /// ```
    /// # use client_core::{Builder, Provider};
    /// use auth_layer::RetryPolicy;
    /// use std::time::Duration;
    ///
    /// # fn show<P: Provider>(builder: Builder<P>) -> Builder<P> {
    /// builder.stack(|stack| {
    ///     stack.with_retry(RetryPolicy::new().with_attempts(2)).with_timeout(Duration::from_secs(5)).with_rate_limits()
    /// })
    /// # }
    /// ```
    pub fn stack(mut self, adjust: impl FnOnce(StackLayer) -> StackLayer + Send + 'static) -> Self {
        self.adjust.push(Box::new(adjust));
        self
    }

    /// How much of a streamed request body is recorded while it is sent, so that it can be sent again: 64 KiB unless
    /// set. A longer one is sent once. Bytes in hand need no recording.
    pub const fn replay_limit(mut self, bytes: usize) -> Self {
        self.replay_limit = bytes;
        self
    }

    /// Where the time comes from.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Where refresh tokens are kept. The default is in memory.
    pub fn store(mut self, store: Arc<dyn TokenStore>) -> Self {
        self.store = Some(store);
        self
    }

    /// Whose refresh token it is: needed where one client keeps several people's tokens in one store.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }

    /// How long a token request may take; 30 s unless set.
    pub const fn token_timeout(mut self, timeout: Duration) -> Self {
        self.token_timeout = Some(timeout);
        self
    }

    /// How long before its end a token is renewed; 5 minutes unless set, and never more than a fifth of its life.
    pub const fn renew_early(mut self, margin: Duration) -> Self {
        self.renew_early = Some(margin);
        self
    }

    /// Tells somebody, once, when a person has to sign in again (see
    /// [`TokenManagerBuilder::on_sign_in_needed`](auth_layer::TokenManagerBuilder::on_sign_in_needed)).
    pub fn on_sign_in_needed(mut self, tell: impl Fn(&Error) + Send + Sync + 'static) -> Self {
        self.tell = Some(Box::new(tell));
        self
    }

    /// Takes credentials and URLs from the environment.
    ///
    /// Where a person signed in with `tokenctl login`, the refresh token is found in the file store that it uses:
    /// `AUTH_LAYER_STORE`, `AUTH_LAYER_STORE_KEY` and `AUTH_LAYER_STORE_KEY_FILE` say where and how it is sealed (see
    /// [`FileStore::from_env`](auth_layer::FileStore::from_env)), or else it is in its usual folder. A refresh token
    /// from the environment is kept there only if `AUTH_LAYER_STORE` is set.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] naming the variable that is missing or empty.
    pub fn env(self) -> Result<Self, ConfigError> {
        self.variables(|name| std::env::var(name).ok())
    }

    /// Takes credentials and URLs from variables that are looked up by a function. A store that is found so judges its
    /// leases by the clock that was given before.
    ///
    /// # Errors
    ///
    /// As for [`env`](Self::env).
    pub fn variables(mut self, lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let required = RefCell::default();
        let variables = Variables::new(&lookup);
        let identity: Identity = P::credentials(&variables.noting(&required))?.into();
        self.credential_variables = required.take();
        let wanted = identity.grant == Grant::Stored || variables.get(FileStore::FOLDER_VARIABLE).is_some();
        if self.store.is_none() && identity.grant.is_used_up() && wanted {
            let store = FileStore::builder_from_env(&lookup)?.clock(self.clock.clone()).build();
            self.store = Some(Arc::new(store));
        }
        self.identity = Some(identity);
        self.token_url = variables.get(P::TOKEN_URL_VARIABLE).or(self.token_url);
        for (slot, api) in self.base_urls.iter_mut().zip(P::APIS) {
            *slot = variables.get(api.variable).or_else(|| slot.take());
        }
        Ok(self)
    }

    /// Makes the client.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if there are neither credentials, nor a manager, nor a pool, if a credential is empty, if the
    /// `User-Agent` is not a valid header value, or if a URL is not valid. Both kinds of URL are https, or plain http on
    /// loopback, and have no user and no fragment; a base URL has no query either.
    pub fn build(mut self) -> Result<P, ConfigError> {
        let given = P::APIS.iter().zip(&self.base_urls);
        let base_urls: Vec<&str> =
            given.map(|(api, given)| given.as_deref().unwrap_or(api.base_url)).collect();
        let origins: Result<_, _> = base_urls.iter().map(|url| Origin::of_base_url(url)).collect();
        let base_urls = base_urls.iter().map(|url| url.trim_end_matches('/').to_owned()).collect();
        self.profile = self.profile.with_origins(origins?);
        if let Some(token_url) = &self.token_url {
            self.profile = self.profile.with_token_url(token_url)?;
        }
        let leaf = match self.leaf.take() {
            Some(leaf) => leaf,
            None => boxed(ReqwestLeaf::new()?),
        };
        let profile = self.profile.clone();
        let layers = std::mem::take(&mut self.layers);
        let adjust = std::mem::take(&mut self.adjust);
        let limit = self.replay_limit;
        let user_agent = user_agent_header(self.user_agent.as_deref().unwrap_or(P::USER_AGENT))?;
        let (manager, layer) = match self.pool.take() {
            Some(pool) => (None, StackLayer::pooled(&profile, pool)),
            None => {
                let manager = self.into_manager(&leaf)?;
                (Some(manager.clone()), StackLayer::new(&profile, manager))
            }
        };
        let layer = adjust.into_iter().fold(layer, |layer, adjust| adjust(layer));
        let service = layer
            .layer(Noting(leaf))
            .map_request(move |mut request: Request| {
                request.headers_mut().entry(USER_AGENT).or_insert_with(|| user_agent.clone());
                request.map(|body| body.recorded(limit))
            })
            .map_response(|response: http::Response<_>| response.map(unwrap_untouched));
        let stack = layers.into_iter().fold(Stack::new(service), |stack, layer| layer(stack));
        Ok(P::from_parts(base_urls, Client::from_service(stack).with_manager(manager)))
    }

    /// The manager that was given, or one for the credentials, whose token calls go through the same leaf.
    fn into_manager(self, leaf: &Stack) -> Result<TokenManager, ConfigError> {
        if let Some(manager) = self.manager {
            return Ok(manager);
        }
        let Some(Identity { credential, grant, account }) = self.identity else {
            let problem =
                "are missing: give `credentials`, a shared `manager`, a `pool`, or take them from the `env`";
            return Err(ConfigError::new("credentials", problem));
        };
        let transport = token_transport(leaf.clone(), self.one_shot_leaf);
        let subject = if self.subject.is_empty() { account.unwrap_or_default() } else { self.subject };
        let remedy = remedy::of_grant(self.profile.name(), &grant, &subject);
        let mut exchange = Exchange::builder(self.profile, credential, grant)
            .transport(transport)
            .clock(self.clock.clone())
            .subject(subject)
            .user_agent(match self.user_agent {
                Some(user_agent) => user_agent,
                None => format!("{} {}", P::USER_AGENT, auth_layer::USER_AGENT),
            })
            .remedy(remedy)
            .client_remedy(remedy::of_client(&self.credential_variables));
        if let Some(store) = self.store {
            exchange = exchange.store(store);
        }
        if let Some(timeout) = self.token_timeout {
            exchange = exchange.timeout(timeout);
        }
        let mut manager = TokenManager::builder(exchange.build()?).clock(self.clock);
        if let Some(margin) = self.renew_early {
            manager = manager.renew_early(margin);
        }
        if let Some(tell) = self.tell {
            manager = manager.on_sign_in_needed(tell);
        }
        Ok(manager.build())
    }
}

impl<P: Provider<Api = ()>> Builder<P> {
    /// Another base URL. The token is then sent to that origin in place of the real one.
    pub fn base_url(self, url: impl Into<String>) -> Self {
        self.api_url((), url)
    }
}

impl<P: Provider> Default for Builder<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Provider> fmt::Debug for Builder<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base_urls: Vec<_> = self.base_urls.iter().map(|url| url.as_deref().map(origin_shown)).collect();
        f.debug_struct("Builder")
            .field("profile", &self.profile.name())
            .field("base_urls", &base_urls)
            .field("token_url", &self.token_url.as_deref().map(origin_shown))
            .finish_non_exhaustive()
    }
}

/// More than nearly every body, and little beside what a connection takes.
const REPLAY_LIMIT: usize = 64 * 1024;
