//! `ThrottleLayer`: what is configured once.

use std::sync::Arc;
use std::time::Duration;

use http::{Extensions, Uri};
use tower_layer::Layer;

use super::pace::Pace;
use super::service::Throttle;
use crate::clock::{Clock, SystemClock};
use crate::operation::OperationMeta;
use crate::profile::{Origins, Profile, RateLimit};

/// Holds requests back until their turn under the provider's rate limits has come. Cheap to clone; clones, and the
/// services made from them, share the limits. See the [module](crate::limit) for which requests count and how they are
/// spaced.
///
/// ```
/// use auth_layer::Profile;
/// use auth_layer::limit::ThrottleLayer;
/// use std::time::Duration;
///
/// // As it comes: a request waits as long as it takes.
/// let layer = ThrottleLayer::new(&Profile::goto());
///
/// // With one thing changed: one that would wait longer than 2 s fails instead.
/// let layer = ThrottleLayer::builder(&Profile::goto()).max_wait(Duration::from_secs(2)).build();
/// ```
#[derive(Clone, Debug)]
pub struct ThrottleLayer {
    limits: Arc<Limits>,
}

/// What decides about every request.
#[derive(Debug)]
pub(super) struct Limits {
    origins: Origins,
    paces: Vec<Arc<Pace>>,
}

impl ThrottleLayer {
    /// Keeps within the profile's published limits, on the system's clock.
    pub fn new(profile: &Profile) -> Self {
        Self::builder(profile).build()
    }

    /// The same, with options.
    pub fn builder(profile: &Profile) -> ThrottleLayerBuilder {
        ThrottleLayerBuilder {
            origins: profile.origins().clone(),
            limits: profile.rate_limits().to_vec(),
            clock: Arc::new(SystemClock::new()),
            max_wait: None,
        }
    }

    /// The pace of a request, if it has one.
    pub(crate) fn pace(&self, uri: &Uri, extensions: &Extensions) -> Option<&Arc<Pace>> {
        self.limits.pace(uri, extensions)
    }
}

impl Limits {
    /// The pace of a request, if it has one.
    pub(super) fn pace(&self, uri: &Uri, extensions: &Extensions) -> Option<&Arc<Pace>> {
        if self.paces.is_empty() || !self.origins.contain(uri) {
            return None;
        }
        let operation = extensions.get::<&'static OperationMeta>();
        match operation.and_then(|operation| operation.rate_class()) {
            Some(class) => self.paces.iter().find(|pace| pace.class() == class),
            None => match &self.paces[..] {
                [only] => Some(only),
                _ => None,
            },
        }
    }
}

impl<S> Layer<S> for ThrottleLayer {
    type Service = Throttle<S>;

    fn layer(&self, inner: S) -> Throttle<S> {
        Throttle::new(inner, self.limits.clone())
    }
}

/// Makes a [`ThrottleLayer`].
///
/// ```
/// use auth_layer::Profile;
/// use auth_layer::limit::ThrottleLayer;
///
/// let layer = ThrottleLayer::builder(&Profile::gotab()).build();
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct ThrottleLayerBuilder {
    origins: Origins,
    limits: Vec<RateLimit>,
    clock: Arc<dyn Clock>,
    max_wait: Option<Duration>,
}

impl ThrottleLayerBuilder {
    /// Where the time comes from.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// How long a request may be held back; for ever unless set. One whose turn comes later is not sent, and fails
    /// with [`Throttled`](super::Throttled): at once if it is known by then, after that time at the latest.
    pub const fn max_wait(mut self, longest: Duration) -> Self {
        self.max_wait = Some(longest);
        self
    }

    /// Makes the layer. No runtime is needed.
    pub fn build(self) -> ThrottleLayer {
        let mut paces: Vec<Arc<Pace>> = Vec::new();
        for limit in &self.limits {
            let class = limit.class();
            if paces.iter().all(|pace| pace.class() != class) {
                let limits: Vec<_> = self.limits.iter().filter(|limit| limit.class() == class).collect();
                paces.extend(Pace::new(class, &limits, self.max_wait, self.clock.clone()).map(Arc::new));
            }
        }
        ThrottleLayer { limits: Arc::new(Limits { origins: self.origins, paces }) }
    }
}
