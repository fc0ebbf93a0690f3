//! `AuthLayer`: what is configured once.

use std::sync::Arc;
use std::time::Duration;

use http::{Extensions, Request, Uri};
use tower_layer::Layer;

use super::judge::Operation;
use super::once::AuthOnceLayer;
use super::service::Auth;
use super::unlisted::Unlisted;
use crate::config_error::ConfigError;
use crate::error::{Error, ErrorKind};
use crate::identity::Identity;
use crate::limit::{Pace, ThrottleLayer};
use crate::manager::{Patience, TokenManager};
use crate::pool::TokenPool;
use crate::profile::{BodySign, Origin, Origins, Profile};
use crate::replay::Common;

/// Puts a bearer token on every outgoing request that may carry one, and answers a rejection by renewing and
/// sending again. Cheap to clone.
///
/// # Bounds
///
/// For a service `S` of requests `Request<B>` and responses `Response<R>`, [`Auth<S>`](crate::Auth) is a service if all of
/// these hold. The compiler may only say that the trait bounds of a method of `Auth` were not satisfied.
///
/// | bound | remedy |
/// | --- | --- |
/// | `S: Clone + Send + 'static` | `tower::buffer::BufferLayer` under this layer makes any service `Clone` |
/// | `S::Error: Into<BoxError>` | `ServiceExt::map_err` turns the error into one that is an `Error + Send + Sync` |
/// | `S::Future: Send` | keep `Rc`, `RefCell` borrows and the like out of the service's `async` block |
/// | `B: TryClone + Send + 'static` | see [`TryClone`](crate::TryClone), or call [`without_resend`](Self::without_resend) |
/// | `R: http_body::Body + Send + 'static`, its data and error `Send` | `http_body_util` has adapters such as `BodyExt::map_err` |
///
/// ```
/// use auth_layer::{AccessToken, AuthLayer, BoxError, Profile, StaticToken, TokenManager};
/// use tower::buffer::BufferLayer;
/// use tower::{ServiceBuilder, ServiceExt};
///
/// /// A service of a connection: it is not `Clone`, and its error is no `std::error::Error`.
/// struct Connection;
///
/// # impl tower::Service<http::Request<String>> for Connection {
/// #     type Response = http::Response<String>;
/// #     type Error = &'static [u8];
/// #     type Future = std::future::Ready<Result<http::Response<String>, &'static [u8]>>;
/// #     fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), &'static [u8]>> {
/// #         std::task::Poll::Ready(Ok(()))
/// #     }
/// #     fn call(&mut self, request: http::Request<String>) -> Self::Future {
/// #         assert!(request.headers().contains_key("authorization"));
/// #         std::future::ready(Ok(http::Response::default()))
/// #     }
/// # }
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// # let profile = Profile::new("example", "https://auth.example.com/token")?.with_origin("https://api.example.com")?;
/// # let manager = TokenManager::new(StaticToken::new(AccessToken::new("abc")?));
/// let service = ServiceBuilder::new()
///     .layer(AuthLayer::new(&profile, manager))
///     .layer(BufferLayer::new(64))
///     .service(Connection.map_err(|error| BoxError::from(String::from_utf8_lossy(error))));
/// # service.oneshot(http::Request::get("https://api.example.com/me").body(String::new())?).await?;
/// # Ok::<(), BoxError>(())
/// # })?;
/// # Ok::<(), BoxError>(())
/// ```
///
/// Where the compiler only says that bounds were not satisfied, a call of this function makes it name the one that is
/// missing:
///
/// ```
/// fn check<S: tower_service::Service<http::Request<B>>, B>(_: &S) {}
/// ```
///
/// # Which requests get the token
///
/// - A request to an origin that the profile does not list goes on untouched, with one warning for each origin.
/// - A request that has an `Authorization` header keeps it and goes on untouched. A service that passes requests on removes
///   its caller's header first.
/// - A request with a [`CallBearer`](crate::CallBearer) carries that one, and a rejection is the caller's.
/// - A request whose operation is public ([`OperationMeta`](crate::OperationMeta)) goes on untouched.
/// - Every other request carries the managed token, or is not sent.
///
/// # What counts as a rejection
///
/// - A 401, unless its challenge says that the token is good, for example `insufficient_scope` (RFC 6750 section 3.1).
/// - A response with one of the profile's signs in its body ([`BodySign`]).
/// - A gRPC call (HTTP/2 and `application/grpc`) that ends with `grpc-status: 16` before any message, at most 1 s after its
///   headers. The head of its response waits that long for the first frame, if the request was sent whole.
///
/// The token is then renewed, and the request is sent again once if its body can be.
///
/// # Example
///
/// ```
/// use auth_layer::{AccessToken, AuthLayer, Profile, StaticToken, TokenManager};
/// use tower_layer::Layer;
///
/// let profile = Profile::new("example", "https://auth.example.com/token")?
///     .with_origin("https://api.example.com")?;
/// let manager = TokenManager::new(StaticToken::new(AccessToken::new("abc")?));
///
/// // Any `Service<http::Request<B>>` will do.
/// # let inner = tower::service_fn(|_: http::Request<String>| async {
/// #     Ok::<_, auth_layer::BoxError>(http::Response::new(String::new()))
/// # });
/// let service = AuthLayer::new(&profile, manager).layer(inner);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct AuthLayer {
    pub(super) rules: Arc<Rules>,
}

/// What decides about every request.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) managers: Managers,
    pub(super) origins: Origins,
    /// A target without scheme and host counts as one of these origins.
    pub(super) relative_is_listed: bool,
    pub(super) signs: Vec<BodySign>,
    /// One of the signs may be in a response whose status is not an error.
    pub(super) signs_in_success: bool,
    /// A 401 without a Bearer challenge rejects the token.
    pub(super) other_schemes_reject: bool,
    pub(super) patience: Patience,
    /// The rate limits that each send keeps within.
    throttle: Option<ThrottleLayer>,
    pub(super) common: Common,
    pub(super) unlisted: Unlisted,
}

/// Whose token is sent.
#[derive(Clone, Debug)]
pub(super) enum Managers {
    /// That of the only manager there is.
    One(TokenManager),
    /// That of the identity which a request names.
    Pool(TokenPool),
}

impl AuthLayer {
    /// Sends the manager's token to the profile's origins, and takes for a rejection what the profile does.
    pub fn new(profile: &Profile, manager: TokenManager) -> Self {
        Self::of(profile, Managers::One(manager))
    }

    /// Does the same with the token of the [`Identity`] in a request's extensions, or of the pool's
    /// default. A request that names none, where there is no default, is not sent: it fails with
    /// [`ErrorKind::Credential`].
    pub fn pooled(profile: &Profile, pool: TokenPool) -> Self {
        Self::of(profile, Managers::Pool(pool))
    }

    fn of(profile: &Profile, managers: Managers) -> Self {
        let rules = Rules {
            managers,
            origins: profile.origins().clone(),
            relative_is_listed: false,
            signs: profile.facts().signs.clone(),
            signs_in_success: profile.facts().signs.iter().any(BodySign::may_be_in_success),
            other_schemes_reject: profile.facts().other_schemes_reject,
            patience: Patience::NONE,
            throttle: None,
            common: Common::default(),
            unlisted: Unlisted::default(),
        };
        Self { rules: Arc::new(rules) }
    }

    /// Says where requests go whose target is relative, such as `/package.Service/Method`: to this origin, which an inner
    /// service adds. Without it such a request fails, because its origin is not known. The target is not changed.
    ///
    /// ```
    /// use auth_layer::{AccessToken, AuthLayer, Profile, StaticToken, TokenManager};
    ///
    /// let profile = Profile::new("example", "https://auth.example.com/token")?
    ///     .with_origin("https://grpc.example.com")?;
    /// let manager = TokenManager::new(StaticToken::new(AccessToken::new("abc")?));
    /// // A tonic channel to https://grpc.example.com adds its origin by itself.
    /// let layer = AuthLayer::new(&profile, manager).with_target_origin("https://grpc.example.com")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `url` has no origin (see [`Origin::of`](crate::Origin::of)), or one that the profile does not
    /// list.
    pub fn with_target_origin(mut self, url: &str) -> Result<Self, ConfigError> {
        let target: Origin = url.parse()?;
        if !self.rules.origins.iter().any(|origin| *origin == target) {
            return Err(ConfigError::new(
                format!("target origin {target}"),
                "is not one of the profile's origins; add it with `Profile::with_origin`",
            ));
        }
        Arc::make_mut(&mut self.rules).relative_is_listed = true;
        Ok(self)
    }

    /// Sets how long a call without a token waits while token requests fail for a moment, for example because the token
    /// endpoint is overloaded or refuses connections. Unless set, and with zero, the call fails at once;
    /// [`StackLayer`](crate::StackLayer) sets 10 s.
    ///
    /// - All calls that wait share one token request, and the next one after each backoff.
    /// - A call fails at once if the next token request is later than it would wait
    ///   ([`Error::retry_after`](crate::Error::retry_after)), and after a failure that does not pass by itself.
    /// - The token request that is on its way when the call is made is waited for until it ends, as without patience.
    /// - Outside a tokio runtime there is no timer, and the call fails at once.
    ///
    /// ```
    /// # fn show(layer: auth_layer::AuthLayer) {
    /// use std::time::Duration;
    ///
    /// let layer = layer.with_patience(Duration::from_secs(5));
    /// # }
    /// ```
    #[must_use]
    pub fn with_patience(self, longest: Duration) -> Self {
        self.waiting(Patience::new(longest, u32::MAX))
    }

    pub(crate) fn waiting(mut self, patience: Patience) -> Self {
        Arc::make_mut(&mut self.rules).patience = patience;
        self
    }

    /// Keeps each send within rate limits, also the one that answers a rejection: it waits for its turn before the token
    /// is put on. Requests that carry no managed token wait as well. Give the throttle the clock of the manager.
    ///
    /// A request whose turn comes later than [`max_wait`](crate::limit::ThrottleLayerBuilder::max_wait) fails with
    /// [`Throttled`](crate::limit::Throttled). If it was rejected before, the caller gets that response, unless the provider
    /// asks for a pause in the moment of the resend.
    ///
    /// ```
    /// use auth_layer::limit::ThrottleLayer;
    /// use auth_layer::{AuthLayer, Profile};
    ///
    /// # fn show(manager: auth_layer::TokenManager) {
    /// let profile = Profile::gotab();
    /// let layer = AuthLayer::new(&profile, manager).with_rate_limits(ThrottleLayer::new(&profile));
    /// # }
    /// ```
    #[must_use]
    pub fn with_rate_limits(mut self, throttle: ThrottleLayer) -> Self {
        Arc::make_mut(&mut self.rules).throttle = Some(throttle);
        self
    }

    /// The same layer for request bodies of any type, those that are not [`TryClone`](crate::TryClone) included. It sends
    /// each request once: a rejected token is renewed, and the response that rejected it goes back to the caller.
    pub const fn without_resend(self) -> AuthOnceLayer {
        AuthOnceLayer::new(self)
    }

    /// The manager whose token is sent, if it is one for all requests.
    pub fn manager(&self) -> Option<&TokenManager> {
        match &self.rules.managers {
            Managers::One(manager) => Some(manager),
            Managers::Pool(_) => None,
        }
    }
}

impl Rules {
    /// Chooses the manager of a request's identity; `None` where there is only one. A request that names an identity
    /// does not get the only token there is: that may be another tenant's.
    pub(super) fn choose(
        &self,
        operation: Operation,
        extensions: &Extensions,
    ) -> Result<Option<TokenManager>, Error> {
        match &self.managers {
            // A typed client's request has one extension, its operation: only others are looked through.
            Managers::One(_) if extensions.len() == usize::from(operation.is_some()) => Ok(None),
            Managers::One(_) if extensions.get::<Identity>().is_some() => Err(Error::new(
                ErrorKind::Credential,
                "the request names an identity, but there is one token for all: use a `TokenPool`",
            )),
            Managers::One(_) => Ok(None),
            Managers::Pool(pool) => pool.choose(extensions).map(Some),
        }
    }

    /// The pace that a request has to keep, if there is one.
    #[inline]
    pub(super) fn pace<B>(&self, request: &Request<B>) -> Option<&Arc<Pace>> {
        self.pace_of(request.uri(), request.extensions())
    }

    /// The same for a request of another type.
    #[inline]
    pub(super) fn pace_of(&self, uri: &Uri, extensions: &Extensions) -> Option<&Arc<Pace>> {
        self.throttle.as_ref()?.pace(uri, extensions)
    }

    /// The manager that was chosen, or the only one.
    pub(super) fn manager<'a>(&'a self, chosen: Option<&'a TokenManager>) -> &'a TokenManager {
        match (&self.managers, chosen) {
            (Managers::One(manager), _) | (Managers::Pool(_), Some(manager)) => manager,
            (Managers::Pool(_), None) => {
                unreachable!("a request that asks a pool carries the manager it got")
            }
        }
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = Auth<S>;

    fn layer(&self, inner: S) -> Auth<S> {
        Auth::new(inner, self.rules.clone())
    }
}
