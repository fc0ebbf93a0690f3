//! `stack`: all layers, in the right order.

use std::sync::Arc;
use std::time::Duration;

use tower_layer::Layer;

use crate::authorize::{Auth, AuthLayer};
use crate::clock::Clock;
use crate::error::ConfigError;
use crate::limit::ThrottleLayer;
use crate::manager::{Patience, TokenManager};
use crate::pool::TokenPool;
use crate::profile::Profile;
use crate::retry::{Retry, RetryLayer, RetryPolicy};
use crate::span::{SpanLayer, Spanned};
use crate::timeout::{Limit, Timeout, TimeoutLayer};

/// Returns all layers of this crate for a provider, in the right order. See [`StackLayer`].
///
/// ```
/// use auth_layer::{AccessToken, Profile, StaticToken, TokenManager, stack};
/// use tower_layer::Layer;
///
/// let manager = TokenManager::new(StaticToken::new(AccessToken::new("abc")?));
/// # let leaf = tower::service_fn(|_: http::Request<String>| async {
/// #     Ok::<_, auth_layer::BoxError>(http::Response::new(String::new()))
/// # });
/// let profile = Profile::new("example", "https://auth.example.com/token")?;
/// let client = stack(&profile, manager).layer(leaf);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn stack(profile: &Profile, manager: TokenManager) -> StackLayer {
    StackLayer::new(profile, manager)
}

/// All layers of this crate for a provider, in the right order. From the outside in:
///
/// 1. [`SpanLayer`]: one span for each call, with all its attempts.
/// 2. [`RetryLayer`]: each attempt asks for the current token.
/// 3. [`AuthLayer`]: adds the token, and renews a rejected one. With [rate limits](Self::with_rate_limits), each send
///    waits for its turn, including a resend after a rejection. The token is added when the turn has come. A call that
///    waits for a token or a turn holds no reservation of the services below.
/// 4. [`TimeoutLayer`]: each send has the whole timeout. Waits for a token, a turn or a retry do not count.
///
/// A call without a token waits for a while if token requests fail: see [`with_patience`](Self::with_patience).
///
/// All layers use the clock of the manager or the pool. The layer is cheap to clone. Clones and their services share
/// tokens, budgets and limits. To send streams again as well, put [`ReplayBodyLayer`](crate::replay::ReplayBodyLayer)
/// outside of it.
///
/// ```
/// use auth_layer::{Profile, RetryPolicy, StackLayer, TokenManager};
/// use std::time::Duration;
///
/// # fn show(manager: TokenManager, profile: &Profile) {
/// // The defaults: up to 4 attempts in 2 minutes, with 30 s or the operation's own timeout for each.
/// let layer = StackLayer::new(profile, manager.clone());
///
/// // Shorter times, and the provider's rate limits.
/// let layer = StackLayer::new(profile, manager)
///     .with_retry(RetryPolicy::new().with_deadline(Duration::from_secs(5)))
///     .with_timeout(Duration::from_secs(2))
///     .with_rate_limits();
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct StackLayer {
    retry: RetryLayer,
    auth: AuthLayer,
    /// The patience that was set. The retry policy may shorten it.
    patience: Duration,
    timeout: TimeoutLayer,
    profile: Profile,
    clock: Arc<dyn Clock>,
}

impl StackLayer {
    /// Creates the layers with one manager.
    pub fn new(profile: &Profile, manager: TokenManager) -> Self {
        let clock = manager.clock().clone();
        Self::over(profile, AuthLayer::new(profile, manager), clock)
    }

    /// Creates the layers with a pool. The [`Identity`](crate::Identity) in a request's extensions chooses the token.
    pub fn pooled(profile: &Profile, pool: TokenPool) -> Self {
        let clock = pool.clock().clone();
        Self::over(profile, AuthLayer::pooled(profile, pool), clock)
    }

    fn over(profile: &Profile, auth: AuthLayer, clock: Arc<dyn Clock>) -> Self {
        Self {
            retry: RetryLayer::new(RetryPolicy::new().with_clock(clock.clone())),
            auth,
            patience: PATIENCE,
            timeout: TimeoutLayer::of(Limit::Default(TIMEOUT)).with_clock(clock.clone()),
            profile: profile.clone(),
            clock,
        }
        .within_policy()
    }

    /// Limits the patience to the deadline and the retries of the retry policy.
    fn within_policy(mut self) -> Self {
        let policy = self.retry.policy();
        // Otherwise a call could wait for a token for longer than its own deadline.
        let longest = policy.deadline().map_or(self.patience, |deadline| deadline.min(self.patience));
        let patience = Patience::new(longest, policy.retries());
        self.auth = self.auth.waiting(patience);
        self
    }

    /// Sets the origin of requests whose target is a path: see [`AuthLayer::with_target_origin`].
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if `url` has no origin, or one that the profile does not list.
    pub fn with_target_origin(mut self, url: &str) -> Result<Self, ConfigError> {
        self.auth = self.auth.with_target_origin(url)?;
        Ok(self)
    }

    /// Sets another retry policy. The stack's clock replaces the policy's.
    #[must_use]
    pub fn with_retry(mut self, policy: RetryPolicy) -> Self {
        // One clock for all layers: a test must be able to move them together.
        self.retry = RetryLayer::new(policy.with_clock(self.clock.clone()));
        self.within_policy()
    }

    /// Sets how long a call without a token waits while token requests fail, for example because the token endpoint is
    /// overloaded or refuses connections: 10 s by default. With zero, the call fails at once.
    ///
    /// All waiting calls share one token request, and the next one after each backoff. A call fails earlier:
    ///
    /// - after as many token requests as the retry policy has attempts,
    /// - at the deadline of the retry policy,
    /// - at once, if the next token request would be later than that,
    /// - at once, if the failure is not transient.
    ///
    /// See [`AuthLayer::with_patience`].
    #[must_use]
    pub fn with_patience(mut self, longest: Duration) -> Self {
        self.patience = longest;
        self.within_policy()
    }

    /// Turns retries off. A request is still sent again after a rejected token. A call without a token fails at once if
    /// the token request fails.
    #[must_use]
    pub fn without_retry(self) -> Self {
        self.with_retry(RetryPolicy::new().with_attempts(1).without_deadline())
    }

    /// Sets how long each send may take, until the head of its response.
    ///
    /// The default is the operation's own timeout ([`OperationMeta::timeout`](crate::OperationMeta::timeout)), or else
    /// 30 s. A timeout that is set here applies to every operation, even if the operation's own timeout is longer.
    #[must_use]
    pub fn with_timeout(mut self, limit: Duration) -> Self {
        self.timeout = TimeoutLayer::new(limit).with_clock(self.clock.clone());
        self
    }

    /// Removes the timeout.
    #[must_use]
    pub fn without_timeout(mut self) -> Self {
        self.timeout = TimeoutLayer::of(Limit::Unlimited);
        self
    }

    /// Keeps within the rate limits in the profile: requests above the limit wait for their turn.
    ///
    /// The provider's limits are for an account. Processes that use the same account share its limits, but each process
    /// counts only its own requests.
    #[must_use]
    pub fn with_rate_limits(mut self) -> Self {
        let throttle = ThrottleLayer::builder(&self.profile).clock(self.clock.clone()).build();
        self.auth = self.auth.with_rate_limits(throttle);
        self
    }

    /// Returns the retry layer, which counts its retries.
    pub const fn retry(&self) -> &RetryLayer {
        &self.retry
    }
}

impl<S> Layer<S> for StackLayer {
    type Service = Spanned<Retry<Auth<Timeout<S>>>>;

    fn layer(&self, inner: S) -> Self::Service {
        SpanLayer::new().layer(self.retry.layer(self.auth.layer(self.timeout.layer(inner))))
    }
}

/// 10 s: enough for the restart of a token endpoint behind its load balancer, and short enough for a person who waits.
const PATIENCE: Duration = Duration::from_secs(10);

/// 30 s: callers rarely need a response after a longer time. A slower operation has its own timeout.
const TIMEOUT: Duration = Duration::from_secs(30);
