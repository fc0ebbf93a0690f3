//! The HTTP clients at the end of a stack, each behind a feature.
//!
//! Any tower service over `http` types can take their place.
//!
//! Each leaf has two clients with one configuration. The pooled client sends nearly all requests. The other client has
//! no idle connections, and sends token requests with a single-use grant (see [`Transport`](crate::Transport)).

#[cfg(any(feature = "reqwest", feature = "hyper-util"))]
mod connect_timeout;
#[cfg(feature = "hyper-util")]
mod connector;
mod default;
#[cfg(feature = "hyper-util")]
pub mod hyper_util;
#[cfg(any(feature = "reqwest", feature = "hyper-util"))]
mod length;
#[cfg(any(feature = "reqwest", feature = "hyper-util"))]
mod proxies;
#[cfg(feature = "reqwest")]
pub mod reqwest;
#[cfg(any(feature = "reqwest", feature = "hyper-util"))]
mod shared;

pub(crate) use default::default_transport;
