//! Many identities in one process, each with a manager of its own.
//!
//! A [`TokenPool`] makes a [`TokenManager`](crate::TokenManager) for each [`Identity`](crate::Identity) when it is
//! first asked for, and drops managers that are no longer used. No identity waits for another. The pool's lock is held
//! for a look into a map, never across an await, an exchange or code of the application.

mod roster;
mod token_pool;

pub use token_pool::{PoolStats, TokenPool, TokenPoolBuilder};
