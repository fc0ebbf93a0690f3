//! The HTTP clients at the end of a stack, each behind a feature.
//!
//! Any tower service over `http` types can take their place.
//!
//! Each leaf has two clients with one configuration. The pooled client sends nearly all requests. The other client has
//! no idle connections, and sends token requests with a single-use grant (see [`Transport`]).

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

use crate::endpoint::Transport;
use crate::error::ConfigError;

/// Returns the transport that all exchanges of this process use by default. The first call loads the certificates.
#[cfg(feature = "hyper-util")]
pub(crate) fn default_transport() -> Result<Transport, ConfigError> {
    SHARED.get(|| {
        let wiring = hyper_util::Wiring::new()?;
        shared::PerRuntime::new(move || Ok(wiring.client())).map(Transport::new)
    })
}

/// Returns the transport that all exchanges of this process use by default. The first call loads the certificates.
#[cfg(all(feature = "reqwest", not(feature = "hyper-util")))]
pub(crate) fn default_transport() -> Result<Transport, ConfigError> {
    SHARED.get(|| shared::PerRuntime::new(reqwest::ReqwestLeaf::new).map(Transport::new))
}

#[cfg(any(feature = "reqwest", feature = "hyper-util"))]
static SHARED: shared::Shared = shared::Shared::new();

/// Returns an error: without a leaf there is no default transport.
#[cfg(not(any(feature = "reqwest", feature = "hyper-util")))]
pub(crate) fn default_transport() -> Result<Transport, ConfigError> {
    let problem =
        "is missing; give the exchange one, or enable the feature `hyper-util` or `reqwest` of auth-layer";
    Err(ConfigError::new("transport", problem))
}

/// The connect timeout of both leaves: 10 s, enough for some lost packets.
#[cfg(any(feature = "reqwest", feature = "hyper-util"))]
const CONNECT_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);
