//! `MetadataCache`: one issuer's document, kept for a while.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};

use super::document::Metadata;
use super::fetch;
use crate::clock::{Clock, Now, SystemClock};
use crate::config_error::ConfigError;
use crate::endpoint::Transport;
use crate::error::Error;

/// What one issuer says of itself, kept for an hour. Many who ask at once cost one fetch.
///
/// A document that cannot be fetched anew goes on serving, and the issuer is left alone for a minute. There is no task
/// behind it: who asks drives the fetch, and it ends when nobody waits any more.
///
/// ```no_run
/// # async fn run(transport: auth_layer::Transport) -> Result<(), Box<dyn std::error::Error>> {
/// use auth_layer::MetadataCache;
///
/// let cache = MetadataCache::new("https://auth.example.com", transport)?;
/// println!("tokens come from {}", cache.get().await?.token_url());
/// # Ok(())
/// # }
/// ```
pub struct MetadataCache {
    issuer: Arc<str>,
    transport: Transport,
    clock: Arc<dyn Clock>,
    timeout: Duration,
    state: Mutex<State>,
}

type Outcome = Result<Arc<Metadata>, Error>;

#[derive(Default)]
struct State {
    /// What is known, and until when nobody has to ask again.
    kept: Option<(Arc<Metadata>, Now)>,
    flight: Option<WeakShared<BoxFuture<'static, Outcome>>>,
}

impl MetadataCache {
    /// Keeps the metadata of one issuer. Nothing is fetched yet.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the issuer is no URL, has a query or a fragment, or is neither https nor loopback (RFC 8414
    /// section 2).
    pub fn new(issuer: &str, transport: Transport) -> Result<Self, ConfigError> {
        fetch::places(issuer)?;
        Ok(Self {
            issuer: issuer.into(),
            transport,
            clock: Arc::new(SystemClock::new()),
            timeout: TIMEOUT,
            state: Mutex::default(),
        })
    }

    /// Where the time comes from.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// How long one fetch may take. 10 s unless set.
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The metadata: what is kept, or else a new fetch.
    ///
    /// # Errors
    ///
    /// Those of [`Metadata::fetch`], if there is nothing to go on with. They are not kept.
    ///
    /// # Cancel safety
    ///
    /// Others who wait go on with the fetch.
    pub async fn get(&self) -> Result<Arc<Metadata>, Error> {
        let flight = {
            let mut state = self.lock();
            if let Some((kept, until)) = &state.kept
                && !self.clock.now().reached(*until)
            {
                return Ok(kept.clone());
            }
            let on_its_way = state.flight.as_ref().and_then(WeakShared::upgrade);
            on_its_way.unwrap_or_else(|| {
                let flight = self.fetch();
                state.flight = flight.downgrade();
                flight
            })
        };
        let outcome = flight.clone().await;
        self.land(&flight, outcome)
    }

    /// Keeps what a flight brought, once, and gives what is to be gone on with.
    fn land(&self, flight: &Shared<BoxFuture<'static, Outcome>>, outcome: Outcome) -> Outcome {
        let mut state = self.lock();
        let current = state.flight.as_ref().and_then(WeakShared::upgrade);
        if current.is_some_and(|current| current.ptr_eq(flight)) {
            state.flight = None;
            let now = self.clock.now();
            match (&outcome, &mut state.kept) {
                (Ok(metadata), kept) => *kept = Some((metadata.clone(), now + LIFETIME)),
                (Err(error), Some((_, until))) => {
                    tracing::warn!(issuer = &*self.issuer, %error, "metadata could not be fetched anew");
                    *until = now + PAUSE;
                }
                (Err(_), None) => {}
            }
        }
        match (outcome, &state.kept) {
            (Err(_), Some((kept, _))) => Ok(kept.clone()),
            (outcome, _) => outcome,
        }
    }

    fn fetch(&self) -> Shared<BoxFuture<'static, Outcome>> {
        let (issuer, transport) = (self.issuer.clone(), self.transport.clone());
        let (clock, timeout) = (self.clock.clone(), self.timeout);
        let fetch = async move { Metadata::fetch(&issuer, &transport, &*clock, timeout).await.map(Arc::new) };
        fetch.boxed().shared()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MetadataCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetadataCache").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

const TIMEOUT: Duration = Duration::from_secs(10);

/// Endpoints move seldom, and a server that moves one keeps the old one for a while.
const LIFETIME: Duration = Duration::from_secs(3_600);

/// How long an issuer is left alone after a fetch that failed, while there is something to go on with.
const PAUSE: Duration = Duration::from_secs(60);
