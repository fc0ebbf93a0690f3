//! The origins that may get a token: scheme, host and port.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use http::Uri;
use http::uri::Scheme;

use crate::error::ConfigError;
use crate::url::{Port, base_url, endpoint_url, judge, port_of, refusal};

/// A scheme, host and port that a token may be sent to (RFC 9110 section 4.3.1).
///
/// The scheme is `https`, or plain `http` on loopback.
///
/// ```
/// use auth_layer::profile::Origin;
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
    /// The host in lower case.
    host: Box<str>,
    port: u16,
    /// The usual spelling of host and port: without a default port.
    usual: Box<str>,
}

impl Origin {
    /// Returns the origin of an absolute URI. Its path and query do not matter.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if `uri` has no scheme or host, names a user, has an invalid port, or is neither `https`
    /// nor loopback.
    pub fn of(uri: &Uri) -> Result<Self, ConfigError> {
        let authority = judge(uri).map_err(|problem| refusal("URL", &uri.to_string(), problem))?;
        let https = uri.scheme() == Some(&Scheme::HTTPS);
        // `judge` has refused invalid ports, so that no port means the default one.
        let port = authority.port_u16().unwrap_or(default_port(https));
        let host = authority.host().to_ascii_lowercase();
        let usual = if port == default_port(https) { host.clone() } else { format!("{host}:{port}") };
        Ok(Self { https, host: host.into(), port, usual: usual.into() })
    }

    /// Returns the origin of a base URL, to which paths are appended.
    ///
    /// ```
    /// use auth_layer::profile::Origin;
    ///
    /// assert_eq!(Origin::of_base_url("https://api.example.com/v1")?.to_string(), "https://api.example.com:443");
    /// assert!(Origin::of_base_url("https://api.example.com/v1?tenant=1").is_err());
    /// # Ok::<(), auth_layer::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] for the reasons of [`of`](Self::of), and if `url` has a query, a fragment, a `.` or `..`
    /// segment, or a character that is not allowed in a URL. The error's text shows no user and no query.
    pub fn of_base_url(url: &str) -> Result<Self, ConfigError> {
        Self::of(&base_url(url)?)
    }

    /// Returns the origin as a URL without a path, and without a default port.
    pub(super) fn url(&self) -> String {
        format!("{}://{}", if self.https { "https" } else { "http" }, self.usual)
    }

    /// Returns whether `uri` has this origin. A URI without a scheme, without a host, or with an invalid port has none.
    #[inline]
    pub fn is_of(&self, uri: &Uri) -> bool {
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return false;
        };
        let expected = if self.https { &Scheme::HTTPS } else { &Scheme::HTTP };
        if scheme != expected {
            return false;
        }
        // This check runs for every request. Nearly all requests have the usual spelling, which needs no parsing.
        if authority.as_str() == &*self.usual {
            return true;
        }
        let port = match port_of(authority) {
            Port::Default => default_port(self.https),
            Port::Number(port) => port,
            Port::Invalid => return false,
        };
        port == self.port && authority.host().eq_ignore_ascii_case(&self.host)
    }
}

impl FromStr for Origin {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        endpoint_url("URL", text).and_then(|uri| Self::of(&uri))
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
/// use auth_layer::profile::{Origin, Origins};
///
/// let origins: Origins = ["https://api.example.com".parse::<Origin>()?].into_iter().collect();
/// assert!(origins.contain(&"https://api.example.com/me".parse().unwrap()));
/// assert!(!origins.contain(&"https://api.example.com.evil.test/me".parse().unwrap()));
/// # Ok::<(), auth_layer::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins(Arc<[Origin]>);

impl Origins {
    /// Returns whether `uri` has one of these origins.
    #[inline]
    pub fn contain(&self, uri: &Uri) -> bool {
        self.0.iter().any(|origin| origin.is_of(uri))
    }

    /// Returns whether the list is empty. Then no request ever carries a token.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the origins in the order in which they were given.
    pub fn iter(&self) -> impl Iterator<Item = &Origin> {
        self.0.iter()
    }
}

impl FromIterator<Origin> for Origins {
    fn from_iter<I: IntoIterator<Item = Origin>>(origins: I) -> Self {
        Self(origins.into_iter().collect())
    }
}

const fn default_port(https: bool) -> u16 {
    if https { 443 } else { 80 }
}
