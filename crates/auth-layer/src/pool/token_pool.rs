//! `TokenPool`: one manager for each identity.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use http::Extensions;

use super::roster::Roster;
use crate::clock::{Clock, SystemClock};
use crate::error::{ConfigError, Error, ErrorKind};
use crate::identity::Identity;
use crate::manager::TokenManager;
use crate::operation::OperationMeta;

/// A pool of [`TokenManager`]s, one for each [`Identity`], for a service that works for many tenants. Cheap to clone;
/// clones share the managers.
///
/// A function of the application makes a manager when its identity is first asked for. That sends nothing.
///
/// The number of identities is limited. A new one evicts an identity that was not asked for recently:
///
/// - An identity is never evicted while a request or another handle holds its manager, or while a token request runs.
/// - For two minutes after its backoff, an identity whose last token request failed is evicted only if all others are
///   in use. Its manager remembers the failure, and a new one would ask the token endpoint at once.
/// - The search is short, so the evicted identity may not be the one that was asked for longest ago.
///
/// An identity takes about 2 kB besides its token, if its exchange is made of a clone of one
/// [`Profile`](crate::Profile).
#[derive(Clone)]
pub struct TokenPool(Arc<Shared>);

struct Shared {
    make: Box<Factory>,
    roster: RwLock<Roster>,
    clock: Arc<dyn Clock>,
    default_identity: Option<Identity>,
    scopes_per_operation: bool,
    counts: Counts,
}

type Factory = dyn Fn(&Identity) -> Result<TokenManager, ConfigError> + Send + Sync;

#[derive(Debug, Default)]
struct Counts {
    made: AtomicU64,
    evicted: AtomicU64,
    full: AtomicU64,
}

impl TokenPool {
    /// Returns a pool that calls `make` for each new manager.
    ///
    /// No lock is held during the call. Several callers may call `make` for one identity at the same time. Then one
    /// manager is kept and the others are dropped. An error of `make` is returned to the caller and not remembered.
    pub fn new<F>(make: F) -> Self
    where
        F: Fn(&Identity) -> Result<TokenManager, ConfigError> + Send + Sync + 'static,
    {
        Self::builder(make).build()
    }

    /// Returns a builder with options.
    pub fn builder<F>(make: F) -> TokenPoolBuilder
    where
        F: Fn(&Identity) -> Result<TokenManager, ConfigError> + Send + Sync + 'static,
    {
        TokenPoolBuilder {
            make: Box::new(make),
            limit: MOST_IDENTITIES,
            idle: IDLE,
            clock: Arc::new(SystemClock::new()),
            default_identity: None,
            scopes_per_operation: false,
        }
    }

    /// Returns the manager of an identity. Makes the manager if the identity is new.
    ///
    /// # Errors
    ///
    /// - Returns [`ErrorKind::Credential`] if no manager could be made. Its source is the [`ConfigError`].
    /// - Returns [`ErrorKind::PoolFull`], which is transient, if the pool is full and its identities are in use. A call
    ///   looks at 1,024 identities at most, and the next call at the ones after them. The default limit is smaller.
    pub fn get(&self, identity: &Identity) -> Result<TokenManager, Error> {
        let shared = &*self.0;
        let now = shared.clock.now();
        loop {
            let roster = self.read();
            if let Some(manager) = roster.find(identity, now) {
                return Ok(manager);
            }
            let removals = roster.removals;
            // Released, because `make` is code of the application: it may be slow, or use the pool itself.
            drop(roster);
            let made = (shared.make)(identity).map_err(not_made)?;

            // Declared before the lock is taken, so that it is dropped after the lock is released.
            let mut gone = Vec::new();
            let mut roster = self.write();
            if roster.removals != removals {
                // An identity was removed meanwhile. The new manager may have a secret that has just been replaced.
                continue;
            }
            // Another caller may have added the identity while no lock was held.
            if let Some(manager) = roster.find(identity, now) {
                return Ok(manager);
            }
            let admitted = roster.admit(identity, made.clone(), now, &mut gone);
            drop(roster);
            // Relaxed here and below: counters that no other value depends on.
            shared.counts.evicted.fetch_add(gone.len() as u64, Ordering::Relaxed);
            return match admitted {
                Ok(()) => {
                    shared.counts.made.fetch_add(1, Ordering::Relaxed);
                    Ok(made)
                }
                Err(error) => {
                    shared.counts.full.fetch_add(1, Ordering::Relaxed);
                    Err(error)
                }
            };
        }
    }

    /// Removes an identity. Returns whether it was in the pool. Call this when its secret or its scope has changed.
    ///
    /// - After this call, no caller gets a token of the removed manager, not even through a handle that still exists.
    /// - Callers that wait for its token fail with [`ErrorKind::Interrupted`], which is transient.
    /// - A request that already carries its token goes on.
    /// - The next [`get`](Self::get) makes a new manager.
    pub fn remove(&self, identity: &Identity) -> bool {
        // The lock is released at the end of this statement: a manager that is retired has a lock of its own.
        let removed = self.write().take(identity);
        removed.iter().for_each(TokenManager::retire);
        removed.is_some()
    }

    /// Removes all identities of a tenant, with any scope, audience and resource, as [`remove`](Self::remove) removes
    /// one. Returns how many there were.
    pub fn remove_tenant(&self, tenant: &str) -> usize {
        let removed = self.write().take_tenant(tenant);
        removed.iter().for_each(TokenManager::retire);
        removed.len()
    }

    /// Returns how many identities are kept.
    pub fn len(&self) -> usize {
        self.read().len()
    }

    /// Returns whether no identity is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the counters of this pool.
    pub fn stats(&self) -> PoolStats {
        let counts = &self.0.counts;
        PoolStats {
            made: counts.made.load(Ordering::Relaxed),
            evicted: counts.evicted.load(Ordering::Relaxed),
            full: counts.full.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }

    /// Returns the manager for a request with these extensions.
    pub(crate) fn choose(&self, extensions: &Extensions) -> Result<TokenManager, Error> {
        let shared = &*self.0;
        let identity = extensions.get().or(shared.default_identity.as_ref()).ok_or_else(|| {
            let message = "the request names no identity; put an `Identity` into its extensions, \
                           or set `default_identity` for the pool";
            Error::new(ErrorKind::Credential, message)
        })?;
        match extensions.get::<&'static OperationMeta>() {
            Some(operation) if shared.scopes_per_operation && !operation.scopes().is_empty() => {
                let scope = operation.scopes().join(" ").parse().map_err(not_made)?;
                self.get(&identity.clone().with_scope(scope))
            }
            _ => self.get(identity),
        }
    }

    // Code under the lock leaves no half-made change if it panics, so a poisoned roster is still good.

    fn read(&self) -> RwLockReadGuard<'_, Roster> {
        self.0.roster.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Roster> {
        self.0.roster.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for TokenPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenPool").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// A builder for a [`TokenPool`].
///
/// ```
/// use auth_layer::{AccessToken, ConfigError, Identity, StaticToken, TokenManager, TokenPool};
/// use std::time::Duration;
///
/// let pool = TokenPool::builder(|identity: &Identity| {
///     let token = AccessToken::new(identity.tenant())
///         .map_err(|error| ConfigError::new("tenant", "has no usable token").with_source(error))?;
///     Ok(TokenManager::new(StaticToken::new(token)))
/// })
/// .max_identities(50)
/// .idle_after(Duration::from_secs(600))
/// .default_identity(Identity::new("our own"))
/// .build();
/// assert!(pool.is_empty());
/// ```
#[must_use = "a builder does nothing until it is built"]
pub struct TokenPoolBuilder {
    make: Box<Factory>,
    limit: usize,
    idle: Duration,
    clock: Arc<dyn Clock>,
    default_identity: Option<Identity>,
    scopes_per_operation: bool,
}

impl TokenPoolBuilder {
    /// Sets how many identities are kept at the most: 1000 unless set, and at least one.
    pub fn max_identities(mut self, limit: usize) -> Self {
        self.limit = limit.max(1);
        self
    }

    /// Sets how long an identity is kept after its last use, even if there is room: 1 hour unless set. There is no
    /// timer: each new identity checks eight others, and drops those that are idle.
    pub const fn idle_after(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }

    /// Sets the clock. Give the managers the same clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the identity for requests without an [`Identity`]. Unless set, such a request is not sent and fails with
    /// [`ErrorKind::Credential`].
    pub fn default_identity(mut self, identity: Identity) -> Self {
        self.default_identity = Some(identity);
        self
    }

    /// Requests tokens with the scopes of each operation and no others, if its [`OperationMeta`] names any. They
    /// replace the scope of the request's identity (RFC 9700 section 2.3).
    ///
    /// Each set of scopes has its own token, and costs a token request.
    pub const fn scopes_per_operation(mut self) -> Self {
        self.scopes_per_operation = true;
        self
    }

    /// Returns the pool. Nothing is sent, and no runtime is needed.
    pub fn build(self) -> TokenPool {
        TokenPool(Arc::new(Shared {
            make: self.make,
            roster: RwLock::new(Roster::new(self.limit, self.idle)),
            clock: self.clock,
            default_identity: self.default_identity,
            scopes_per_operation: self.scopes_per_operation,
            counts: Counts::default(),
        }))
    }
}

impl fmt::Debug for TokenPoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenPoolBuilder")
            .field("limit", &self.limit)
            .field("idle", &self.idle)
            .finish_non_exhaustive()
    }
}

/// The counters of a [`TokenPool`].
///
/// ```
/// # fn show(pool: &auth_layer::TokenPool) {
/// let stats = pool.stats();
/// println!("{} managers were made, {} were evicted", stats.made, stats.evicted);
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStats {
    /// The number of managers that were made and kept.
    pub made: u64,
    /// The number of identities that were removed to make room, or because they were idle.
    pub evicted: u64,
    /// The number of calls that failed because the pool was full.
    pub full: u64,
}

fn not_made(error: ConfigError) -> Error {
    Error::new(ErrorKind::Credential, "there is no token manager for the identity").with_source(error.into())
}

/// So many identities take about 2 MB, besides their tokens.
const MOST_IDENTITIES: usize = 1000;

/// One hour, the lifetime of most tokens: after that the identity needs a new token in any case.
const IDLE: Duration = Duration::from_secs(3_600);
