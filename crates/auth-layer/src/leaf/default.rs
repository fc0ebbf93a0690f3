//! The transport that all exchanges of a process use unless they get another one.

use crate::endpoint::Transport;
use crate::error::ConfigError;

/// Returns the transport that all exchanges of this process use by default. The first call loads the certificates.
#[cfg(feature = "hyper-util")]
pub(crate) fn default_transport() -> Result<Transport, ConfigError> {
    SHARED.get(|| {
        let wiring = super::hyper_util::Wiring::new()?;
        super::shared::PerRuntime::new(move || Ok(wiring.client())).map(Transport::new)
    })
}

/// Returns the transport that all exchanges of this process use by default. The first call loads the certificates.
#[cfg(all(feature = "reqwest", not(feature = "hyper-util")))]
pub(crate) fn default_transport() -> Result<Transport, ConfigError> {
    SHARED.get(|| super::shared::PerRuntime::new(super::reqwest::ReqwestLeaf::new).map(Transport::new))
}

#[cfg(any(feature = "reqwest", feature = "hyper-util"))]
static SHARED: super::shared::Shared = super::shared::Shared::new();

/// Returns an error: without a leaf there is no default transport.
#[cfg(not(any(feature = "reqwest", feature = "hyper-util")))]
pub(crate) fn default_transport() -> Result<Transport, ConfigError> {
    let problem =
        "is missing; give the exchange one, or enable the feature `hyper-util` or `reqwest` of auth-layer";
    Err(ConfigError::new("transport", problem))
}
