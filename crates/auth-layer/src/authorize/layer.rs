//! `AuthLayer`: the configuration that all services share.

use std::sync::Arc;
use std::time::Duration;

use tower_layer::Layer;

use super::rules::{Managers, Rules};
use super::service::Auth;
use crate::error::ConfigError;
use crate::limit::ThrottleLayer;
use crate::manager::{Patience, TokenManager};
use crate::pool::TokenPool;
use crate::profile::{Origin, Profile};

/// A layer that puts a bearer token on every request that may carry one. If an API rejects the token, it renews the
/// token and sends the request again. Cheap to clone.
///
/// # Bounds
///
/// For a service `S` of requests `Request<B>` and responses `Response<R>`, [`Auth<S>`](crate::authorize::Auth) is a
/// service if all of these hold. The compiler may only say that the trait bounds of a method of `Auth` were not
/// satisfied.
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
/// /// A service for a connection. It is not `Clone`, and its error is not a `std::error::Error`.
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
/// If the compiler only says that bounds were not satisfied, call this function. The compiler then names the missing
/// bound:
///
/// ```
/// fn check<S: tower_service::Service<http::Request<B>>, B>(_: &S) {}
/// ```
///
/// # Which requests get the token
///
/// - A request to an origin that the profile does not list is passed on unchanged. Each such origin causes one warning.
///   The origin that a token answer names ([`Profile::with_origin_from`](crate::Profile::with_origin_from)) counts as
///   listed for that token.
/// - A request that has an `Authorization` header, or the header that the profile has in its place
///   ([`Profile::with_api_header`](crate::Profile::with_api_header)), is passed on unchanged. A proxy must remove the
///   header of its own caller first.
/// - A request with a [`CallBearer`](crate::CallBearer) carries that bearer. If it is rejected, the caller gets the
///   response.
/// - A request whose operation is public ([`OperationMeta`](crate::OperationMeta)) is passed on unchanged.
/// - Every other request carries the managed token, or is not sent.
///
/// # Rejections
///
/// - A 401, unless its challenge says that the token is good, for example `insufficient_scope` (RFC 6750 section 3.1).
/// - A response with one of the profile's signs in its body ([`BodySign`](crate::profile::BodySign)).
/// - A gRPC call (HTTP/2 and `application/grpc`) that ends with `grpc-status: 16` before any message, at most 1 s after
///   its headers. If the request was sent completely, the caller gets the head after that time or the first frame.
///
/// The token is then renewed. If the body can be sent again, the request is sent once more.
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
/// // Any `Service<http::Request<B>>` is possible.
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

impl AuthLayer {
    /// Returns a layer that sends the manager's token to the profile's origins. The profile also says which responses
    /// are rejections.
    pub fn new(profile: &Profile, manager: TokenManager) -> Self {
        Self::of(profile, Managers::One(manager))
    }

    /// Returns a layer that sends the token of the [`Identity`](crate::Identity) in a request's extensions, or of the
    /// pool's default identity. Without either, the request is not sent and fails with
    /// [`ErrorKind::Credential`](crate::ErrorKind::Credential).
    pub fn pooled(profile: &Profile, pool: TokenPool) -> Self {
        Self::of(profile, Managers::Pool(pool))
    }

    fn of(profile: &Profile, managers: Managers) -> Self {
        Self { rules: Arc::new(Rules::new(profile, managers)) }
    }

    /// Sets the origin of requests whose target is relative, such as `/package.Service/Method`. An inner service adds
    /// that origin, and this layer does not change the target. Unless set, such requests fail because their origin is
    /// unknown.
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
    /// Returns [`ConfigError`] if `url` has no origin (see [`Origin::of`](crate::profile::Origin::of)), or if the
    /// profile does not list its origin.
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

    /// Sets how long a call without a token waits while token requests fail, for example because the token endpoint is
    /// overloaded. Unless set, or if set to zero, the call fails at once. [`StackLayer`](crate::StackLayer) sets 10 s.
    ///
    /// - All calls that wait share one token request after each backoff.
    /// - A call fails at once if its wait would end before the next token request
    ///   ([`Error::retry_after`](crate::Error::retry_after)).
    /// - A call fails at once after a permanent failure.
    /// - If a token request runs when the call is made, the call waits until that request ends, whatever is set here.
    /// - Outside a tokio runtime there is no timer, so the call fails at once.
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

    /// Keeps each send within rate limits, including the second send after a rejection. A request waits for its turn
    /// before the token is put on. Requests without a managed token wait as well. Give the throttle the clock of the
    /// manager.
    ///
    /// A request whose turn comes later than [`max_wait`](crate::limit::ThrottleLayerBuilder::max_wait) fails with
    /// [`Throttled`](crate::limit::Throttled). If the second send of a rejected request comes too late, the caller gets
    /// the rejection, unless the provider asks for a pause at the moment of the send.
    ///
    /// ```
    /// use auth_layer::limit::ThrottleLayer;
    /// use auth_layer::{AuthLayer, Profile};
    ///
    /// # fn show(manager: auth_layer::TokenManager) -> Result<(), auth_layer::ConfigError> {
    /// let profile = Profile::new("example", "https://auth.example.com/token")?;
    /// let layer = AuthLayer::new(&profile, manager).with_rate_limits(ThrottleLayer::new(&profile));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_rate_limits(mut self, throttle: ThrottleLayer) -> Self {
        Arc::make_mut(&mut self.rules).throttle = Some(throttle);
        self
    }

    /// Returns the manager of this layer. `None` if the layer has a pool.
    pub fn manager(&self) -> Option<&TokenManager> {
        match &self.rules.managers {
            Managers::One(manager) => Some(manager),
            Managers::Pool(_) => None,
        }
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = Auth<S>;

    fn layer(&self, inner: S) -> Auth<S> {
        Auth::new(inner, self.rules.clone())
    }
}
