//! `RetryLayer`: the configuration and the state that its services share.

use std::sync::{Arc, Mutex, Once};

use tower_layer::Layer;

use super::budget::Budgets;
use super::call::Rules;
use super::policy::RetryPolicy;
use super::service::Retry;
use super::stats::{Counts, RetryStats};
use crate::replay::Common;

/// A layer that sends a request again after a failure that may pass: a 408, 429, 500, 502, 503 or 504, or an error of
/// the inner service other than this crate's [`Error`](crate::Error).
///
/// A request is sent again only if its body can be sent again ([`TryClone`](crate::TryClone)) and one of these is true:
///
/// - Its [`OperationMeta`](crate::OperationMeta) says that it is idempotent. If it says the opposite, that has
///   precedence over the method.
/// - Its method is idempotent.
/// - It has an idempotency key.
/// - There never was a connection.
///
/// If the caller gets a response that asked for a wait, its extensions contain the wait as
/// [`RetryAfter`](crate::response::RetryAfter).
///
/// Retries to one origin are limited to a fifth of its calls plus ten per second, counted over ten seconds. Clones are
/// cheap. Clones and their services share these budgets.
///
/// Put it outside of [`AuthLayer`](crate::AuthLayer), so that each attempt asks for the current token. Each attempt may
/// also have one resend after a rejected token: with 4 attempts a request is sent at most 8 times.
///
/// A request needs only one such layer. If there are two, the inner one sends each request once and logs one warning.
#[derive(Clone, Debug)]
pub struct RetryLayer {
    rules: Arc<Rules>,
}

impl RetryLayer {
    /// Creates a layer that retries according to `policy`.
    pub fn new(policy: RetryPolicy) -> Self {
        let rng = Mutex::new(policy.seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed));
        let rules = Rules {
            policy,
            rng,
            budgets: Budgets::new(),
            counts: Counts::default(),
            common: Common::default(),
            nesting_warning: Once::new(),
        };
        Self { rules: Arc::new(rules) }
    }

    /// Returns the counts of this layer and its services.
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
