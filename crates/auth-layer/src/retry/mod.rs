//! Sends a request again after trouble that may pass: a status such as 503, or a connection that broke.
//!
//! [`RetryLayer`] goes outside of [`AuthLayer`](crate::AuthLayer), so that each attempt asks for the token anew: after
//! a long wait it carries the current one.
//!
//! A request is sent again only where that cannot do anything twice: its method is idempotent (RFC 9110 section 9.2.2),
//! its [`OperationMeta`](crate::OperationMeta) says so (an explicit no wins over the method), it carries an idempotency
//! key, or there never was a connection. And only if its body can be sent again. Then:
//!
//! | outcome | answer |
//! | --- | --- |
//! | 408, 429, 500, 502, 503, 504 | sent again after a backoff, and not before the time in `Retry-After` |
//! | any other status | given back |
//! | an error of ours, [`Error`](crate::Error) | given back: the token manager has a backoff of its own |
//! | any other error | sent again after a backoff |
//!
//! A response that has to be given back although its server asked for a wait carries that wait, as
//! [`RetryAfter`](crate::RetryAfter), in its extensions.
//!
//! Two things are counted apart: attempts here, and the one resend after a rejected token inside of each. With 4 attempts
//! a request is sent 8 times at the most.
//!
//! This is a service of its own, and not a policy for `tower::retry`: that keeps nothing of a request that cannot be
//! cloned, so that its response would never be looked at; it has no deadline for a request that is on its way; and it
//! lends the response, where a body to be drained must be owned.

mod backoff;
mod budget;
mod call;
mod classify;
mod deadline;
mod future;
mod idempotency;
mod layer;
mod policy;
mod service;
mod stats;

pub use deadline::DeadlinePassed;
pub use future::RetryFuture;
pub use layer::RetryLayer;
pub use policy::RetryPolicy;
pub use service::Retry;
pub use stats::RetryStats;
