//! `RetryLayer`: what is configured once, and what its services share.

use std::sync::{Arc, Mutex};

use tower_layer::Layer;

use super::budget::Budgets;
use super::call::Rules;
use super::policy::RetryPolicy;
use super::service::Retry;
use super::stats::{Counts, RetryStats};
use crate::replay::Common;

/// Sends a request again after trouble that may pass. Cheap to clone; clones, and the services they make, share the
/// budgets of the origins: retries are a fifth of the calls to an origin at the most, and ten a second.
///
/// Put it outside of [`AuthLayer`](crate::AuthLayer), so that each attempt asks for the token anew.
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
        let chance = Mutex::new(policy.chance.clone());
        let rules = Rules {
            policy,
            chance,
            budgets: Budgets::new(),
            counts: Counts::default(),
            common: Common::default(),
        };
        Self { rules: Arc::new(rules) }
    }

    /// What this layer and its services have done so far.
    pub fn stats(&self) -> RetryStats {
        self.rules.counts.read()
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
