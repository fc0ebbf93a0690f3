//! `Proxies`: chooses the proxy of a request.

use std::fmt;
use std::sync::Arc;

use http::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use crate::url::is_this_machine;

/// The proxies in the environment or the system's settings. They are read once, when a client is built.
///
/// A request to this machine never uses a proxy. It may be plain http, so a proxy on another machine would see its
/// secrets.
#[derive(Clone)]
pub(super) struct Proxies(Arc<Matcher>);

/// Does not show the URLs, which may hold a password.
impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proxies(..)")
    }
}

impl Proxies {
    /// Reads the environment: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in upper or lower case.
    #[cfg(feature = "hyper-util")]
    pub(super) fn from_env() -> Self {
        Self(Arc::new(Matcher::from_env()))
    }

    /// Reads the environment, or else the settings of the operating system.
    #[cfg(feature = "reqwest")]
    pub(super) fn from_system() -> Self {
        Self(Arc::new(Matcher::from_system()))
    }

    /// Returns the proxy for `target`, or `None` for a direct connection.
    pub(super) fn intercept(&self, target: &Uri) -> Option<Intercept> {
        let host = target.host()?;
        if is_this_machine(host) { None } else { self.0.intercept(target) }
    }
}
