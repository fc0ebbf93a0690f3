//! `TokenPool`: a manager for each identity.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use http::Extensions;

use super::roster::Roster;
use crate::clock::{Clock, SystemClock};
use crate::config_error::ConfigError;
use crate::error::{Error, ErrorKind};
use crate::identity::Identity;
use crate::manager::TokenManager;
use crate::operation::OperationMeta;

/// Keeps a [`TokenManager`] for each [`Identity`], for a service that works for many tenants. Cheap to clone; clones
/// share the managers.
///
/// A manager is made when its identity is first asked for, by a function of the application; making one sends nothing.
/// The number of identities is bounded. To make room, an identity goes that was not asked for lately:
///
/// - One that a request or another handle holds, or whose token is on its way, never goes.
/// - One whose last exchange failed goes only if all others are in use, until two minutes after its backoff. Its manager
///   remembers the failure, and a new one would ask the token endpoint at once.
/// - The choice is bounded work, so that it may not be the one that was asked for longest ago.
///
/// An identity takes about 2 kB besides its token, if its exchange is made of a clone of one [`Profile`](crate::Profile).
///
/// ```
/// use auth_layer::{AuthLayer, Credential, Exchange, Grant, Identity, Profile, TokenManager, TokenPool};
///
/// let profile = Profile::gbg_go();
/// let pool = TokenPool::new({
///     let profile = profile.clone();
///     move |identity: &Identity| {
///         // The application looks up what it knows of the tenant.
///         let credential = Credential::new(format!("client-of-{}", identity.tenant()), "its secret");
///         let exchange = Exchange::builder(profile.clone(), credential, Grant::ClientCredentials)
///             .identity(identity)
///             .build()?;
///         Ok(TokenManager::new(exchange))
///     }
/// });
/// let layer = AuthLayer::pooled(&profile, pool.clone());
///
/// let seven = pool.get(&Identity::new("tenant-7"))?;
/// assert_eq!((pool.len(), seven.stats().exchanges), (1, 0));
/// # Ok::<(), auth_layer::Error>(())
/// ```
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
    /// A pool that makes its managers by `make`.
    ///
    /// `make` is called without any lock. It may be called for one identity by several callers at one moment, and all
    /// but one of its managers are then dropped. A mistake that it returns goes to the caller and is not remembered.
    pub fn new<F>(make: F) -> Self
    where
        F: Fn(&Identity) -> Result<TokenManager, ConfigError> + Send + Sync + 'static,
    {
        Self::builder(make).build()
    }

    /// The same, with options.
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

    /// The manager of an identity, made now if there is none yet.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credential`] if none could be made, with the [`ConfigError`] as its cause;
    /// [`ErrorKind::PoolFull`], which is transient, if the pool is full and its identities are in use. Of a pool with more
    /// than 1,024 identities, so many are looked at: another call looks at the next ones.
    pub fn get(&self, identity: &Identity) -> Result<TokenManager, Error> {
        let shared = &*self.0;
        let now = shared.clock.now();
        loop {
            let roster = self.read();
            if let Some(manager) = roster.find(identity, now) {
                return Ok(manager);
            }
            let removals = roster.removals;
            drop(roster);
            let made = (shared.make)(identity).map_err(not_made)?;

            // Dropped after the lock is given back.
            let mut gone = Vec::new();
            let mut roster = self.write();
            if roster.removals != removals {
                // What was made may be made of a secret that has just been replaced.
                continue;
            }
            if let Some(manager) = roster.find(identity, now) {
                return Ok(manager);
            }
            let admitted = roster.admit(identity, made.clone(), now, &mut gone);
            drop(roster);
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

    /// Forgets an identity, and tells whether it was there: for when its secret or its scope has changed.
    ///
    /// When this returns, no token of it is given out any more: not by a manager that somebody still holds, and not by
    /// an exchange that is on its way. Those who wait for one fail with [`ErrorKind::Interrupted`], which is transient.
    /// A request that carries its token already is not called back. The next [`get`](Self::get) makes a new manager.
    pub fn remove(&self, identity: &Identity) -> bool {
        let removed = self.write().take(identity);
        removed.iter().for_each(TokenManager::retire);
        removed.is_some()
    }

    /// Forgets all identities of a tenant, whatever their scopes, audiences and resources, as
    /// [`remove`](Self::remove) does one of them. Returns how many there were.
    pub fn remove_tenant(&self, tenant: &str) -> usize {
        let removed = self.write().take_tenant(tenant);
        removed.iter().for_each(TokenManager::retire);
        removed.len()
    }

    /// How many identities are kept.
    pub fn len(&self) -> usize {
        self.read().len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What has happened so far.
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

    /// The manager for a request with these extensions.
    pub(crate) fn choose(&self, extensions: &Extensions) -> Result<TokenManager, Error> {
        let shared = &*self.0;
        let identity = extensions.get().or(shared.default_identity.as_ref()).ok_or_else(|| {
            let message = "the request names no identity: put an `Identity` into its extensions, or give the pool a default";
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

    // Nothing under the lock can leave the roster half-changed.

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

/// Makes a [`TokenPool`].
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
    /// How many identities are kept at the most: 1000 unless set, and at least one.
    pub fn max_identities(mut self, limit: usize) -> Self {
        self.limit = limit.max(1);
        self
    }

    /// How long after its last use an identity may go, though there is room: 1 hour unless set. Whenever another one comes
    /// in, the next eight are looked at, in turn.
    pub const fn idle_after(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }

    /// Where the time comes from. Give the managers the same clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Whose token a request without an [`Identity`] carries. Unless set, such a request is not sent, and fails with
    /// [`ErrorKind::Credential`].
    pub fn default_identity(mut self, identity: Identity) -> Self {
        self.default_identity = Some(identity);
        self
    }

    /// Asks for the scopes of each operation and no others, where its [`OperationMeta`] names any: in place of the
    /// scope of the request's identity (RFC 9700 section 2.3).
    ///
    /// Operations with other scopes have tokens of their own, so that this costs an exchange for each set of them.
    pub const fn scopes_per_operation(mut self) -> Self {
        self.scopes_per_operation = true;
        self
    }

    /// Makes the pool. Nothing is sent, and no runtime is needed.
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

/// What a pool has done so far.
///
/// ```
/// # fn show(pool: &auth_layer::TokenPool) {
/// let stats = pool.stats();
/// println!("{} identities came, {} had to go", stats.made, stats.evicted);
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStats {
    /// How many managers were made and kept.
    pub made: u64,
    /// How many identities went to make room, or because nobody had asked for them in a while.
    pub evicted: u64,
    /// How often there was no room.
    pub full: u64,
}

fn not_made(error: ConfigError) -> Error {
    Error::new(ErrorKind::Credential, "there is no token manager for the identity").with_source(error.into())
}

/// They take 2 MB and their tokens.
const MOST_IDENTITIES: usize = 1000;

/// The life of most tokens: who comes back later needs a new one in any case.
const IDLE: Duration = Duration::from_secs(3_600);
