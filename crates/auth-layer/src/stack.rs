//! `stack`: all layers, in the right order.

use std::sync::Arc;
use std::time::Duration;

use tower_layer::Layer;

use crate::authorize::{Auth, AuthLayer};
use crate::clock::Clock;
use crate::config_error::ConfigError;
use crate::limit::ThrottleLayer;
use crate::manager::{Patience, TokenManager};
use crate::pool::TokenPool;
use crate::profile::Profile;
use crate::retry::{Retry, RetryLayer, RetryPolicy};
use crate::span::{SpanLayer, Spanned};
use crate::timeout::{Limit, Timeout, TimeoutLayer};

/// All layers of this crate for a provider, in the right order. See [`StackLayer`].
///
/// ```
/// use auth_layer::{AccessToken, Profile, StaticToken, TokenManager, stack};
/// use tower_layer::Layer;
///
/// let manager = TokenManager::new(StaticToken::new(AccessToken::new("abc")?));
/// # let leaf = tower::service_fn(|_: http::Request<String>| async {
/// #     Ok::<_, auth_layer::BoxError>(http::Response::new(String::new()))
/// # });
/// let client = stack(&Profile::gotab(), manager).layer(leaf);
/// # Ok::<(), auth_layer::Error>(())
/// ```
pub fn stack(profile: &Profile, manager: TokenManager) -> StackLayer {
    StackLayer::new(profile, manager)
}

/// All layers of this crate for a provider, in the right order. From the outside in:
///
/// 1. [`SpanLayer`]: one span for each call, all attempts inside.
/// 2. [`RetryLayer`]: each attempt asks for the token anew.
/// 3. [`AuthLayer`]: the token, and the answer to a rejected one. Each send, also the one that answers a rejection, waits
///    for its turn under the provider's rate limits, if that is [wanted](Self::with_rate_limits). The token is put on
///    when the turn has come. A call that waits, for a token or a turn, holds no reservation of the services below.
/// 4. [`TimeoutLayer`]: each send has the whole time; waits for a token, a turn or a retry take nothing of it.
///
/// A call without a token waits while token requests fail for a moment: see [`with_patience`](Self::with_patience).
///
/// One clock, that of the manager or the pool, drives them all. Cheap to clone; clones, and the services made from them,
/// share tokens, budgets and limits. To have streams sent again as well, put
/// [`ReplayBodyLayer`](crate::ReplayBodyLayer) outside of it.
///
/// ```
/// use auth_layer::{Profile, RetryPolicy, StackLayer, TokenManager};
/// use std::time::Duration;
///
/// # fn show(manager: TokenManager, profile: &Profile) {
/// // As it comes: up to 4 attempts in 2 minutes, 30 s for each, or what its operation says.
/// let layer = StackLayer::new(profile, manager.clone());
///
/// // For a caller in a hurry, within the limits that the provider publishes.
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
    /// The patience that was asked for. The retry policy may leave less of it.
    patience: Duration,
    timeout: TimeoutLayer,
    profile: Profile,
    clock: Arc<dyn Clock>,
}

impl StackLayer {
    /// The layers over one manager.
    pub fn new(profile: &Profile, manager: TokenManager) -> Self {
        let clock = manager.clock().clone();
        Self::over(profile, AuthLayer::new(profile, manager), clock)
    }

    /// The layers over a pool, where the [`Identity`](crate::Identity) in a request's extensions chooses the token.
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

    /// Limits the patience to what the retry policy allows.
    fn within_policy(mut self) -> Self {
        let policy = self.retry.policy();
        let longest = policy.deadline().map_or(self.patience, |deadline| deadline.min(self.patience));
        let patience = Patience::new(longest, policy.retries());
        self.auth = self.auth.waiting(patience);
        self
    }

    /// Says where requests with a relative target go; see
    /// [`AuthLayer::with_target_origin`].
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `url` has no origin, or one that the profile does not list.
    pub fn with_target_origin(mut self, url: &str) -> Result<Self, ConfigError> {
        self.auth = self.auth.with_target_origin(url)?;
        Ok(self)
    }

    /// Retries by another policy, on the clock of this stack.
    #[must_use]
    pub fn with_retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = RetryLayer::new(policy.with_clock(self.clock.clone()));
        self.within_policy()
    }

    /// Sets how long a call without a token waits while token requests fail for a moment, for example because the token
    /// endpoint is overloaded or refuses connections: 10 s unless set. With zero it fails at once.
    ///
    /// All calls that wait share one token request, and the next one after each backoff. A call gives up earlier after as
    /// many token requests as the retry policy allows attempts, and when the policy's deadline is shorter. It fails at
    /// once if the next token request is later than all that, and after failures that do not pass by themselves. See
    /// [`AuthLayer::with_patience`].
    #[must_use]
    pub fn with_patience(mut self, longest: Duration) -> Self {
        self.patience = longest;
        self.within_policy()
    }

    /// Sends each request once; a rejected token is answered all the same. A call without a token fails at once if the
    /// token request fails.
    #[must_use]
    pub fn without_retry(self) -> Self {
        self.with_retry(RetryPolicy::new().with_attempts(1).without_deadline())
    }

    /// Sets how long each send may take, up to the head of its response.
    ///
    /// Unless set, it is what the operation says of itself ([`OperationMeta::timeout`](crate::OperationMeta::timeout)), or
    /// else 30 s. A timeout that is set here holds for every operation, also for one that says it takes longer.
    #[must_use]
    pub fn with_timeout(mut self, limit: Duration) -> Self {
        self.timeout = TimeoutLayer::new(limit).with_clock(self.clock.clone());
        self
    }

    /// Lets each send take as long as it takes.
    #[must_use]
    pub fn without_timeout(mut self) -> Self {
        self.timeout = TimeoutLayer::of(Limit::Unlimited);
        self
    }

    /// Keeps within the rate limits that the profile publishes: what comes faster waits for its turn.
    ///
    /// They are the provider's for an account; several processes that share one share its limits as well, which this
    /// does not see.
    #[must_use]
    pub fn with_rate_limits(mut self) -> Self {
        let throttle = ThrottleLayer::builder(&self.profile).clock(self.clock.clone()).build();
        self.auth = self.auth.with_rate_limits(throttle);
        self
    }

    /// The layer that retries, which tells how often it did.
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

/// Enough for a token endpoint that restarts behind its load balancer, and short enough for a person who waits.
const PATIENCE: Duration = Duration::from_secs(10);

/// Longer than any call that still makes sense to its caller. An operation that takes longer says so itself.
const TIMEOUT: Duration = Duration::from_secs(30);
