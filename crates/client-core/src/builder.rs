//! `Builder`: builds a provider's client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use auth_layer::clock::SystemClock;
use auth_layer::leaf::reqwest::ReqwestLeaf;
use auth_layer::profile::Origin;
use auth_layer::{
    BoxError, Clock, ConfigError, Error, Exchange, Profile, StackLayer, TokenManager, TokenPool, TokenStore,
};
use bytes::Bytes;
use http::header::USER_AGENT;
use http_body::Body as HttpBody;
use tower::{Layer, ServiceExt};
use tower_service::Service;

use crate::parts::{Stack, boxed, origin_shown, token_transport, unwrap_untouched, user_agent_header};
use crate::provider::{Login, Provider};
use crate::remedy;
use crate::sent::Noting;
use crate::{Client, Request};

type OnSignInNeeded = dyn Fn(&Error) + Send + Sync;

/// A builder of a provider's client. It needs credentials, a shared manager or a pool. Everything else has a default.
///
/// The docs of the providers' crates have examples. `build` sends nothing and needs no runtime.
#[must_use = "a builder does nothing until it is built"]
pub struct Builder<P: Provider> {
    profile: Profile,
    pub(crate) base_urls: Vec<Option<String>>,
    pub(crate) token_url: Option<String>,
    user_agent: Option<String>,
    pub(crate) login: Option<Login>,
    /// The environment variables that hold the client's id and secret, if they came from there.
    pub(crate) credential_variables: Vec<String>,
    manager: Option<TokenManager>,
    pool: Option<TokenPool>,
    leaf: Option<Stack>,
    one_shot_leaf: Option<Stack>,
    layers: Vec<Box<dyn FnOnce(Stack) -> Stack + Send>>,
    stack_changes: Vec<Box<dyn FnOnce(StackLayer) -> StackLayer + Send>>,
    replay_limit: usize,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: Option<Arc<dyn TokenStore>>,
    subject: String,
    token_timeout: Option<Duration>,
    renew_early: Option<Duration>,
    on_sign_in_needed: Option<Box<OnSignInNeeded>>,
    provider: std::marker::PhantomData<fn() -> P>,
}

impl<P: Provider> Builder<P> {
    /// Creates a builder with the provider's real URLs, and one reqwest leaf for API and token requests.
    pub fn new() -> Self {
        Self {
            profile: P::profile(),
            base_urls: vec![None; P::APIS.len()],
            token_url: None,
            user_agent: None,
            login: None,
            credential_variables: Vec::new(),
            manager: None,
            pool: None,
            leaf: None,
            one_shot_leaf: None,
            layers: Vec::new(),
            stack_changes: Vec::new(),
            replay_limit: REPLAY_LIMIT,
            clock: Arc::new(SystemClock::new()),
            store: None,
            subject: String::new(),
            token_timeout: None,
            renew_early: None,
            on_sign_in_needed: None,
            provider: std::marker::PhantomData,
        }
    }

    /// Sets the credentials.
    pub fn credentials(mut self, credentials: P::Credentials) -> Self {
        self.login = Some(credentials.into());
        self.credential_variables.clear();
        self
    }

    /// Sets a manager in place of credentials. Clients that share a manager share its token.
    pub fn manager(mut self, manager: TokenManager) -> Self {
        self.manager = Some(manager);
        self
    }

    /// Sets a pool of managers in place of credentials. Each request carries the token of its identity
    /// ([`Client::with_identity`]), or of the pool's default identity.
    /// The pool creates the exchanges of its managers, and their transport. The leaf of this builder is not used for
    /// them.
    pub fn pool(mut self, pool: TokenPool) -> Self {
        self.pool = Some(pool);
        self
    }

    /// Sets another profile, such as a second preset of the provider.
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Sets another base URL for one of the provider's APIs. The token is then sent to that origin and not to the real
    /// one. [`build`](Self::build) checks the URL.
    pub fn api_url(mut self, api: P::Api, url: impl Into<String>) -> Self {
        let url = url.into();
        for (slot, known) in self.base_urls.iter_mut().zip(P::APIS) {
            if known.name == api {
                *slot = Some(url.clone());
            }
        }
        self
    }

    /// Sets the URL of another token endpoint.
    pub fn token_url(mut self, url: impl Into<String>) -> Self {
        self.token_url = Some(url.into());
        self
    }

    /// Sets the `User-Agent` of API and token requests, for example `billing/1.4`. The default is
    /// [`Provider::USER_AGENT`] for API requests, and that and [`auth_layer::endpoint::USER_AGENT`] for token requests.
    /// - A request keeps a `User-Agent` that a header parameter or a [`layer`](Self::layer) has set.
    /// - The default header of a reqwest client that is the [`leaf`](Self::leaf) has no effect, because reqwest adds it
    ///   only to a request without the header. Set it here.
    /// - The token requests of a shared [`manager`](Self::manager) or [`pool`](Self::pool) use the `User-Agent` of
    ///   their own exchanges.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = Some(user_agent.into());
        self
    }

    /// Sets the HTTP client for API and token requests: a tower service over `http` types, such as a hyper client, a
    /// [`ReqwestLeaf`] with a proxy, or a closure in a test. It must not follow redirects.
    ///
    /// If a refresh token of the provider can be used only once, add a second leaf:
    ///
    /// - with [`ReqwestLeaf::with_one_shot`] for a [`ReqwestLeaf`] of a client that you built,
    /// - with [`one_shot_leaf`](Self::one_shot_leaf) for any other service.
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

    /// Sets a second [`leaf`](Self::leaf) for token requests with a single-use grant, such as a refresh token. It must
    /// open a new connection for each request (see [`Transport`](auth_layer::Transport)).
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

    /// Adds a layer around the whole stack. The last one added sees a request first. Layers do not see token requests.
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

    /// Changes the layers around the token layer: retries, timeouts and rate limits (see [`StackLayer`]). Also sets how
    /// long a call without a token waits while token requests fail ([`StackLayer::with_patience`]; 10 s by default).
    ///
    /// ```
    /// # use client_core::{Builder, Provider};
    /// use auth_layer::RetryPolicy;
    /// use std::time::Duration;
    ///
    /// # fn show<P: Provider>(builder: Builder<P>) -> Builder<P> {
    /// builder.stack(|stack| {
    ///     stack.with_retry(RetryPolicy::new().with_attempts(2)).with_timeout(Duration::from_secs(5)).with_rate_limits()
    ///     })
    /// # }
    /// ```
    pub fn stack(mut self, change: impl FnOnce(StackLayer) -> StackLayer + Send + 'static) -> Self {
        self.stack_changes.push(Box::new(change));
        self
    }

    /// Sets how many bytes of a streamed request body are recorded, so that it can be sent again: 64 KiB by default. A
    /// longer body is sent once. Bytes in memory need no recording.
    pub const fn replay_limit(mut self, bytes: usize) -> Self {
        self.replay_limit = bytes;
        self
    }

    /// Sets the clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the store of refresh tokens. By default they are kept in memory.
    pub fn store(mut self, store: Arc<dyn TokenStore>) -> Self {
        self.store = Some(store);
        self
    }

    /// Sets the name under which the refresh token is stored. Needed if one client keeps the tokens of several people
    /// in one store.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }

    /// Sets how long a token request may take: 30 s by default.
    pub const fn token_timeout(mut self, timeout: Duration) -> Self {
        self.token_timeout = Some(timeout);
        self
    }

    /// Sets how long before its expiry a token is renewed: 5 minutes by default, and never more than a fifth of its
    /// lifetime.
    pub const fn renew_early(mut self, margin: Duration) -> Self {
        self.renew_early = Some(margin);
        self
    }

    /// Sets a function that is called once when a person has to sign in again (see
    /// [`TokenManagerBuilder::on_sign_in_needed`](auth_layer::manager::TokenManagerBuilder::on_sign_in_needed)).
    pub fn on_sign_in_needed(mut self, notify: impl Fn(&Error) + Send + Sync + 'static) -> Self {
        self.on_sign_in_needed = Some(Box::new(notify));
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if there are no credentials, no manager and no pool, if a credential is empty, or if the
    /// `User-Agent` or a URL is not valid. URLs must be https, or plain http on loopback, without user name and
    /// fragment. A base URL must not have a query.
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
        // Taken out here, because `into_manager` consumes the builder.
        let (layers, changes) = (std::mem::take(&mut self.layers), std::mem::take(&mut self.stack_changes));
        let limit = self.replay_limit;
        let user_agent = user_agent_header(self.user_agent.as_deref().unwrap_or(P::USER_AGENT))?;
        let (manager, layer) = match self.pool.take() {
            Some(pool) => (None, StackLayer::pooled(&profile, pool)),
            None => {
                let manager = self.into_manager(&leaf)?;
                (Some(manager.clone()), StackLayer::new(&profile, manager))
            }
        };
        let layer = changes.into_iter().fold(layer, |layer, change| change(layer));
        let service = layer
            .layer(Noting::new(leaf, profile.api_header().0.clone()))
            .map_request(move |mut request: Request| {
                // Before the auth and retry layers, so that they see a body that they can send again.
                request.headers_mut().entry(USER_AGENT).or_insert_with(|| user_agent.clone());
                request.map(|body| body.recorded(limit))
            })
            .map_response(|response: http::Response<_>| response.map(unwrap_untouched));
        let stack = layers.into_iter().fold(Stack::new(service), |stack, layer| layer(stack));
        Ok(P::from_parts(base_urls, Client::from_service(stack).with_manager(manager)))
    }

    /// Returns the given manager, or a new one for the credentials, whose token requests go through `leaf`.
    fn into_manager(self, leaf: &Stack) -> Result<TokenManager, ConfigError> {
        if let Some(manager) = self.manager {
            return Ok(manager);
        }
        let Some(Login { credential, grant, account }) = self.login else {
            let problem = "are missing: call `credentials`, `manager`, `pool` or `env`";
            return Err(ConfigError::new("credentials", problem));
        };
        let transport = token_transport(leaf.clone(), self.one_shot_leaf);
        let subject = if self.subject.is_empty() { account.unwrap_or_default() } else { self.subject };
        let own_agent = || format!("{} {}", P::USER_AGENT, auth_layer::endpoint::USER_AGENT);
        let variable = P::refresh_token_variable();
        let remedy = remedy::of_grant(&P::sign_in_remedy(), &variable, &grant, &subject);
        let mut exchange = Exchange::builder(self.profile, credential, grant)
            .transport(transport)
            .clock(self.clock.clone())
            .subject(subject)
            .user_agent(self.user_agent.unwrap_or_else(own_agent))
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
        if let Some(notify) = self.on_sign_in_needed {
            manager = manager.on_sign_in_needed(notify);
        }
        Ok(manager.build())
    }
}

impl<P: Provider<Api = ()>> Builder<P> {
    /// Sets another base URL. The token is then sent to that origin and not to the real one.
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

/// 64 KiB: more than nearly every body, and little compared with the buffers of a connection.
const REPLAY_LIMIT: usize = 64 * 1024;
