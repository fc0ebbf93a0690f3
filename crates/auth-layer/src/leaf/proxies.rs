//! Which proxy a request goes through.

use std::fmt;
use std::sync::Arc;

use http::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use crate::url::is_this_machine;

/// The proxies that are configured around this process. They are read once, when a client is built.
///
/// A request for this machine goes through none of them, whatever is configured. It may be plain http, so that a proxy on
/// another machine would see its secrets.
#[derive(Clone)]
pub(super) struct Proxies(Arc<Matcher>);

/// A proxy's URL may hold a password, so none is shown.
impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proxies(..)")
    }
}

impl Proxies {
    /// Those of the environment: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in upper or lower case.
    #[cfg(feature = "hyper-util")]
    pub(super) fn from_env() -> Self {
        Self(Arc::new(Matcher::from_env()))
    }

    /// Those of the environment, or else those that the operating system is configured with.
    #[cfg(feature = "reqwest")]
    pub(super) fn from_system() -> Self {
        Self(Arc::new(Matcher::from_system()))
    }

    /// The proxy that a request for `target` goes through. `None` means a direct connection.
    pub(super) fn intercept(&self, target: &Uri) -> Option<Intercept> {
        let host = target.host()?;
        if is_this_machine(host) { None } else { self.0.intercept(target) }
    }
}
