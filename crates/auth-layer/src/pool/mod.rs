//! Many identities in one process, each with a manager of its own.
//!
//! A [`TokenPool`] makes a [`TokenManager`](crate::TokenManager) for each [`Identity`](crate::Identity) when it is first
//! asked for, and lets go of those that nobody uses. Nothing of one identity waits for another: the pool's lock is
//! held for a look into a map, never across an await, an exchange or the application's own code.

mod roster;
mod token_pool;

pub use token_pool::{PoolStats, TokenPool, TokenPoolBuilder};
