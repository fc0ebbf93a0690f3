//! Where a token may go: scheme, host and port.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use http::Uri;
use http::uri::Scheme;

use crate::config_error::ConfigError;

/// A scheme, host and port that a token may be sent to (RFC 9110 section 4.3.1).
///
/// It is `https`, or plain `http` on loopback.
///
/// ```
/// use auth_layer::Origin;
///
/// let origin: Origin = "https://api.example.com/v1".parse()?;
/// assert_eq!(origin.to_string(), "https://api.example.com:443");
/// assert!(origin.is_of(&"https://API.example.com/rooms".parse().unwrap()));
/// assert!(!origin.is_of(&"https://api.example.com:8443/rooms".parse().unwrap()));
/// assert!("http://api.example.com".parse::<Origin>().is_err());
/// # Ok::<(), auth_layer::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    https: bool,
    /// In lower case.
    host: Box<str>,
    port: u16,
    /// Host and port as a URL has them: the default port is left out.
    usual: Box<str>,
}

impl Origin {
    /// Takes the origin of an absolute URI; its path and query do not matter.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if it has no scheme or host, or is neither `https` nor loopback.
    pub fn of(uri: &Uri) -> Result<Self, ConfigError> {
        let refuse =
            |problem: &'static str| ConfigError::new(format!("URL {}", shown(&uri.to_string())), problem);
        let https = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            _ => return Err(refuse("must begin with https://")),
        };
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(|| refuse("has no host"))?;
        if !https && !is_loopback(host) {
            return Err(refuse("must be https (plain http is for loopback only)"));
        }
        let port = uri.port_u16().unwrap_or(default_port(https));
        let host = host.to_ascii_lowercase();
        let usual = if port == default_port(https) { host.clone() } else { format!("{host}:{port}") };
        Ok(Self { https, host: host.into(), port, usual: usual.into() })
    }

    /// Whether `uri` is of this origin. A URI without scheme and host is of none.
    #[inline]
    pub fn is_of(&self, uri: &Uri) -> bool {
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return false;
        };
        let expected = if self.https { &Scheme::HTTPS } else { &Scheme::HTTP };
        if scheme != expected {
            return false;
        }
        // The spelling that is nearly always met, without taking the authority apart.
        if authority.as_str() == &*self.usual {
            return true;
        }
        let host = authority.host();
        !host.is_empty()
            && authority.port_u16().unwrap_or(default_port(self.https)) == self.port
            && host.eq_ignore_ascii_case(&self.host)
    }
}

impl FromStr for Origin {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let uri: Uri = text.parse().map_err(|error: http::uri::InvalidUri| {
            ConfigError::new("origin", "is not a URL").with_source(error)
        })?;
        Self::of(&uri)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

/// The origins that a token may be sent to. Cheap to clone.
///
/// ```
/// use auth_layer::{Origin, Origins};
///
/// let origins: Origins = ["https://api.example.com".parse::<Origin>()?].into_iter().collect();
/// assert!(origins.contain(&"https://api.example.com/me".parse().unwrap()));
/// assert!(!origins.contain(&"https://api.example.com.evil.test/me".parse().unwrap()));
/// # Ok::<(), auth_layer::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins(Arc<[Origin]>);

impl Origins {
    /// Whether `uri` is of one of them.
    #[inline]
    pub fn contain(&self, uri: &Uri) -> bool {
        self.0.iter().any(|origin| origin.is_of(uri))
    }

    /// Whether there are none, so that no request ever carries a token.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The origins, in the order they were given.
    pub fn iter(&self) -> impl Iterator<Item = &Origin> {
        self.0.iter()
    }
}

impl FromIterator<Origin> for Origins {
    fn from_iter<I: IntoIterator<Item = Origin>>(origins: I) -> Self {
        Self(origins.into_iter().collect())
    }
}

/// Takes over the URL of an endpoint, called `what` in errors: https or loopback, without fragment and without a user.
pub(crate) fn endpoint_url(what: impl Into<Cow<'static, str>>, url: &str) -> Result<Uri, ConfigError> {
    let what = what.into();
    let refuse = |problem: &str| ConfigError::new(what.clone(), problem.to_owned());
    if url.contains('#') {
        return Err(refuse("has a fragment (RFC 6749 section 3)"));
    }
    let uri: Uri =
        url.parse().map_err(|error: http::uri::InvalidUri| refuse("is not a URL").with_source(error))?;
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err(refuse("names a user; credentials have a place of their own"));
    }
    match Origin::of(&uri) {
        Ok(_) => Ok(uri),
        Err(error) => Err(refuse(error.problem())),
    }
}

/// A URL as an error may show it: without the parts that people put secrets into.
pub(crate) fn shown(url: &str) -> String {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let (scheme, rest) = url[..end].split_once("://").unwrap_or(("", &url[..end]));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit('@').next().unwrap_or_default();
    let colon = if scheme.is_empty() { "" } else { "://" };
    format!("{scheme}{colon}{host}{path}")
}

/// Whether `host` (as [`Uri::host`] gives it) names this machine and no other.
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

const fn default_port(https: bool) -> u16 {
    if https { 443 } else { 80 }
}
