//! Many identities in one process, each with a manager of its own.
//!
//! A [`TokenPool`] makes a [`TokenManager`](crate::TokenManager) for each [`Identity`](crate::Identity) when it is
//! first asked for, and drops managers that are no longer used. No identity waits for another. The pool's lock is held
//! for a look into a map, never across an await, an exchange or code of the application.
//!
//! ```
//! use auth_layer::{AuthLayer, Credential, Exchange, Grant, Identity, Profile, TokenManager, TokenPool};
//!
//! let profile = Profile::new("example", "https://auth.example.com/token")?;
//! let pool = TokenPool::new({
//!     let profile = profile.clone();
//!     move |identity: &Identity| {
//!         // The application looks up the credential of the tenant.
//!         let credential = Credential::new(format!("client-of-{}", identity.tenant()), "its secret");
//!         let exchange = Exchange::builder(profile.clone(), credential, Grant::ClientCredentials)
//!             .identity(identity)
//!             .build()?;
//!         Ok(TokenManager::new(exchange))
//!     }
//! });
//! let layer = AuthLayer::pooled(&profile, pool.clone());
//!
//! let seven = pool.get(&Identity::new("tenant-7"))?;
//! assert_eq!((pool.len(), seven.stats().exchanges), (1, 0));
//! # Ok::<(), auth_layer::BoxError>(())
//! ```

mod roster;
mod token_pool;

pub use token_pool::{PoolStats, TokenPool, TokenPoolBuilder};
