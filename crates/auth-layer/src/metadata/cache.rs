//! `MetadataCache`: one issuer's metadata, kept for an hour.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};

use super::document::Metadata;
use super::fetch;
use crate::clock::{Clock, Now, SystemClock};
use crate::endpoint::Transport;
use crate::error::{ConfigError, Error};

/// The metadata of one issuer, kept in memory for an hour. Concurrent callers share one fetch.
///
/// If the metadata cannot be fetched again after an hour, the old document is returned for another minute before the
/// next attempt. No task runs in the background: the callers drive the fetch, and it is dropped with the last of them.
///
/// ```no_run
/// # async fn run(transport: auth_layer::Transport) -> Result<(), Box<dyn std::error::Error>> {
/// use auth_layer::metadata::MetadataCache;
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
    /// The document, and the time of the next fetch.
    kept: Option<(Arc<Metadata>, Now)>,
    /// The fetch that callers share, while one of them is waiting for it.
    flight: Option<WeakShared<BoxFuture<'static, Outcome>>>,
}

impl MetadataCache {
    /// Makes a cache for one issuer. Nothing is fetched yet.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if the issuer is not a valid URL, has a query or a fragment, or is neither https nor
    /// loopback (RFC 8414 section 2).
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

    /// Sets the clock that the hour and the timeout are measured by.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets how long one fetch may take. The default is 10 s.
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Returns the metadata: the kept document, or one that is fetched now.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Metadata::fetch`] if no document is kept. An error is not kept: the next call fetches
    /// again.
    ///
    /// # Cancel safety
    ///
    /// Other callers that wait for the same fetch continue it.
    pub async fn get(&self) -> Result<Arc<Metadata>, Error> {
        let flight = {
            // The lock is not held while the fetch runs.
            let mut state = self.lock();
            if let Some((kept, until)) = &state.kept
                && !self.clock.now().reached(*until)
            {
                return Ok(kept.clone());
            }
            // A weak handle: after the last caller has given up, the fetch is gone and a new one begins.
            let running = state.flight.as_ref().and_then(WeakShared::upgrade);
            running.unwrap_or_else(|| {
                let flight = self.fetch();
                state.flight = flight.downgrade();
                flight
            })
        };
        let outcome = flight.clone().await;
        self.finish(&flight, outcome)
    }

    /// Keeps the outcome of a fetch, and returns the document to use.
    fn finish(&self, flight: &Shared<BoxFuture<'static, Outcome>>, outcome: Outcome) -> Outcome {
        let mut state = self.lock();
        let current = state.flight.as_ref().and_then(WeakShared::upgrade);
        // The first caller that gets here keeps the outcome. For the others there is no current fetch, or a newer one.
        if current.is_some_and(|current| current.ptr_eq(flight)) {
            state.flight = None;
            let now = self.clock.now();
            match (&outcome, &mut state.kept) {
                (Ok(metadata), kept) => *kept = Some((metadata.clone(), now + LIFETIME)),
                (Err(error), Some((_, until))) => {
                    tracing::warn!(issuer = &*self.issuer, %error, "the issuer's metadata could not be fetched again; the old document is used");
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
        // No panic under the lock can leave the state half-changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MetadataCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetadataCache").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

// Long enough for two requests to a slow server.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How long a document is used. Endpoints seldom move, and a server that moves one keeps the old one for a while.
const LIFETIME: Duration = Duration::from_secs(3_600);

/// How long to wait after a failed fetch before the next one, while there is an old document to use.
const PAUSE: Duration = Duration::from_secs(60);
