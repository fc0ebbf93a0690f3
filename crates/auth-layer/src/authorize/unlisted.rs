//! Warns once about each origin that gets requests without a token.

use std::fmt;
use std::sync::OnceLock;

use http::Uri;
use http::uri::Scheme;

use crate::url::{Port, port_of};

/// The origins about which a warning was written. Only requests without a token use this. Its memory is bounded,
/// because a program may call any number of origins.
pub(super) struct Unlisted {
    warned: [OnceLock<Host>; MOST_ORIGINS],
    /// Set when there was no place for an origin.
    full: OnceLock<()>,
}

struct Host {
    scheme: Scheme,
    /// As the first request spelled it.
    host: Box<str>,
    port: Option<u16>,
}

impl Unlisted {
    /// Writes a warning if `uri` is the first URI of its origin. A URI without a scheme or a host has no origin.
    /// Neither has a URI whose port is not a number up to 65535.
    pub(super) fn note(&self, uri: &Uri) {
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else { return };
        let host = authority.host();
        let port = match port_of(authority) {
            Port::Default => None,
            Port::Number(port) => Some(port),
            Port::Invalid => return,
        };
        for place in &self.warned {
            // `get_or_init` runs the closure in one thread only, so two threads cannot both warn about one origin.
            let mut is_new = false;
            let known = place.get_or_init(|| {
                is_new = true;
                Host { scheme: scheme.clone(), host: host.into(), port }
            });
            if is_new {
                tracing::warn!(
                    origin = %known,
                    "a request was sent without a token, because its origin is not listed in the profile; \
                     call `Profile::with_origin` if the token is for it"
                );
                return;
            }
            if known.is_of(scheme, host, port) {
                return;
            }
        }
        self.full.get_or_init(|| {
            tracing::warn!(
                "requests to more than {MOST_ORIGINS} origins that are not listed in the profile were sent without \
                 a token; no warning is written about further origins"
            );
        });
    }
}

impl Host {
    fn is_of(&self, scheme: &Scheme, host: &str, port: Option<u16>) -> bool {
        let port_or_default = |port: Option<u16>| {
            port.or(match self.scheme.as_str() {
                "https" => Some(443),
                "http" => Some(80),
                _ => None,
            })
        };
        self.scheme == *scheme
            && port_or_default(self.port) == port_or_default(port)
            && self.host.eq_ignore_ascii_case(host)
    }
}

impl Default for Unlisted {
    fn default() -> Self {
        Self { warned: [const { OnceLock::new() }; MOST_ORIGINS], full: OnceLock::new() }
    }
}

/// The clone has no origins: a layer with other settings writes its own warnings.
impl Clone for Unlisted {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// Shows scheme, host and port. The user and the path may hold a secret, and are left out.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl fmt::Debug for Unlisted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let warned = self.warned.iter().filter_map(OnceLock::get);
        f.debug_list().entries(warned.map(ToString::to_string)).finish()
    }
}

/// More than a program is likely to call on purpose. Each such request searches the list from its beginning.
const MOST_ORIGINS: usize = 64;
