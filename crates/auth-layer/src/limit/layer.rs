//! `ThrottleLayer`: the configuration that its services share.

use std::sync::Arc;
use std::time::Duration;

use http::{Extensions, HeaderName, Uri};
use tower_layer::Layer;

use super::limits::Limits;
use super::pace::Pace;
use super::service::Throttle;
use crate::clock::{Clock, SystemClock};
use crate::profile::{Origins, Profile, RateLimit};

/// A layer that delays requests to keep within the provider's rate limits. It is cheap to clone. Clones and their
/// services share the limits. The [module](crate::limit) says which requests count and how they are spaced.
///
/// ```
/// use auth_layer::Profile;
/// use auth_layer::limit::ThrottleLayer;
/// use std::time::Duration;
///
/// // The default: a request waits as long as necessary.
/// # fn show(profile: &Profile) {
/// let layer = ThrottleLayer::new(profile);
///
/// // A request that would wait longer than 2 s fails.
/// let layer = ThrottleLayer::builder(profile).max_wait(Duration::from_secs(2)).build();
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ThrottleLayer {
    limits: Arc<Limits>,
}

impl ThrottleLayer {
    /// Creates a layer for the limits in the profile, with the system's clock.
    pub fn new(profile: &Profile) -> Self {
        Self::builder(profile).build()
    }

    /// Starts a builder with the limits in the profile.
    pub fn builder(profile: &Profile) -> ThrottleLayerBuilder {
        ThrottleLayerBuilder {
            origins: profile.origins().clone(),
            limits: profile.rate_limits().to_vec(),
            headers: profile.facts().rate_limit_headers.clone(),
            clock: Arc::new(SystemClock::new()),
            max_wait: None,
        }
    }

    /// Returns the pace of a request, if it has one.
    pub(crate) fn pace(&self, uri: &Uri, extensions: &Extensions) -> Option<&Arc<Pace>> {
        self.limits.pace(uri, extensions)
    }
}

impl<S> Layer<S> for ThrottleLayer {
    type Service = Throttle<S>;

    fn layer(&self, inner: S) -> Throttle<S> {
        Throttle::new(inner, self.limits.clone())
    }
}

/// A builder of a [`ThrottleLayer`].
#[derive(Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct ThrottleLayerBuilder {
    origins: Origins,
    limits: Vec<RateLimit>,
    headers: Vec<(HeaderName, HeaderName)>,
    clock: Arc<dyn Clock>,
    max_wait: Option<Duration>,
}

impl ThrottleLayerBuilder {
    /// Sets the clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets how long a request may be delayed: without limit by default. A request whose turn would come later is not
    /// sent and fails with [`Throttled`](super::Throttled). It fails at once if this is known, and after that time at
    /// the latest.
    pub const fn max_wait(mut self, longest: Duration) -> Self {
        self.max_wait = Some(longest);
        self
    }

    /// Builds the layer. It needs no runtime.
    pub fn build(self) -> ThrottleLayer {
        let headers: Arc<[_]> = self.headers.into();
        let mut paces: Vec<Arc<Pace>> = Vec::new();
        for limit in &self.limits {
            let class = limit.class();
            // A class may have several limits, such as one per second and one per day. They share one pace.
            if paces.iter().all(|pace| pace.class() != class) {
                let limits: Vec<_> = self.limits.iter().filter(|limit| limit.class() == class).collect();
                paces.extend(
                    Pace::new(class.into(), &limits, headers.clone(), self.max_wait, self.clock.clone())
                        .map(Arc::new),
                );
            }
        }
        ThrottleLayer { limits: Arc::new(Limits { origins: self.origins, paces }) }
    }
}
