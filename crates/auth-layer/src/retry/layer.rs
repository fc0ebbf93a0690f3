//! `RetryLayer`: what is configured once, and what its services share.

use std::sync::{Arc, Mutex, Once};

use tower_layer::Layer;

use super::budget::Budgets;
use super::call::Rules;
use super::policy::RetryPolicy;
use super::service::Retry;
use super::stats::{Counts, RetryStats};
use crate::replay::Common;

/// Sends a request again after trouble that may pass: a 408, 429, 500, 502, 503 or 504, or an error of the inner service
/// other than our own [`Error`](crate::Error).
///
/// Only what cannot act twice is sent again: an idempotent method, or an operation whose
/// [`OperationMeta`](crate::OperationMeta) says so (an explicit no wins over the method), or a request with an
/// idempotency key, or one that never got a connection. And only if its body can be ([`TryClone`](crate::TryClone)). A
/// response that asked for a wait and is given back carries it in its extensions, as [`RetryAfter`](crate::RetryAfter).
///
/// Retries to one origin are a fifth of the calls to it at the most, and ten a second besides, counted over ten seconds.
/// Clones are cheap; they, and the services they make, share these budgets.
///
/// Put it outside of [`AuthLayer`](crate::AuthLayer), so that each attempt asks for the token anew. The resend after a
/// rejected token is counted apart, one for each attempt: with 4 attempts a request is sent 8 times at the most.
///
/// One of them is enough on a request. Where there are two, the inner one sends each request once and says so in one
/// warning.
///
/// ```
/// use auth_layer::{AccessToken, AuthLayer, Profile, RetryLayer, RetryPolicy, StaticToken, TokenManager};
/// use tower::ServiceBuilder;
///
/// let profile = Profile::new("example", "https://auth.example.com/token")?
///     .with_origin("https://api.example.com")?;
/// let manager = TokenManager::new(StaticToken::new(AccessToken::new("abc")?));
///
/// # let leaf = tower::service_fn(|_: http::Request<String>| async {
/// #     Ok::<_, auth_layer::BoxError>(http::Response::new(String::new()))
/// # });
/// let client = ServiceBuilder::new()
///     .layer(RetryLayer::new(RetryPolicy::new()))
///     .layer(AuthLayer::new(&profile, manager))
///     .service(leaf);
/// # Ok::<(), auth_layer::BoxError>(())
/// ```
#[derive(Clone, Debug)]
pub struct RetryLayer {
    rules: Arc<Rules>,
}

impl RetryLayer {
    /// Retries by a policy.
    pub fn new(policy: RetryPolicy) -> Self {
        let chance = Mutex::new(policy.seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed));
        let rules = Rules {
            policy,
            chance,
            budgets: Budgets::new(),
            counts: Counts::default(),
            common: Common::default(),
            stood_aside: Once::new(),
        };
        Self { rules: Arc::new(rules) }
    }

    /// What this layer and its services have done so far.
    pub fn stats(&self) -> RetryStats {
        self.rules.counts.read()
    }

    pub(crate) fn policy(&self) -> &RetryPolicy {
        &self.rules.policy
    }
}

impl Default for RetryLayer {
    fn default() -> Self {
        Self::new(RetryPolicy::new())
    }
}

impl<S> Layer<S> for RetryLayer {
    type Service = Retry<S>;

    fn layer(&self, inner: S) -> Retry<S> {
        Retry::new(inner, self.rules.clone())
    }
}
