//! The services that really send bytes, each behind a feature.
//!
//! Any tower service over `http` types will do in their place.
//!
//! Each has two clients on one configuration. The pooled one sends nearly everything; the other one has no idle connections
//! and sends token requests that use something up (see [`Transport`]).

#[cfg(feature = "hyper-util")]
mod connector;
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

use crate::config_error::ConfigError;
use crate::endpoint::Transport;

/// The transport that the exchanges of this process share unless they are given one. Making it loads the certificates.
#[cfg(feature = "hyper-util")]
pub(crate) fn default_transport() -> Result<Transport, ConfigError> {
    SHARED.get(|| {
        let wiring = hyper_util::Wiring::new()?;
        shared::PerRuntime::new(move || Ok(wiring.client())).map(Transport::new)
    })
}

/// The transport that the exchanges of this process share unless they are given one. Making it loads the certificates.
#[cfg(all(feature = "reqwest", not(feature = "hyper-util")))]
pub(crate) fn default_transport() -> Result<Transport, ConfigError> {
    SHARED.get(|| shared::PerRuntime::new(reqwest::ReqwestLeaf::new).map(Transport::new))
}

#[cfg(any(feature = "reqwest", feature = "hyper-util"))]
static SHARED: shared::Shared = shared::Shared::new();

/// There is no transport to share: each exchange has to be given one.
#[cfg(not(any(feature = "reqwest", feature = "hyper-util")))]
pub(crate) fn default_transport() -> Result<Transport, ConfigError> {
    let problem = "none was given, and neither feature `hyper-util` nor `reqwest` is on";
    Err(ConfigError::new("transport", problem))
}

/// How long a connection may take to come about.
#[cfg(any(feature = "reqwest", feature = "hyper-util"))]
const CONNECT_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);
