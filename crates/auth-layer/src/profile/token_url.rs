//! `TokenUrl`: the URL of a token endpoint in a stored record.

use std::fmt;
use std::str::FromStr;

use http::Uri;

use crate::error::ConfigError;
use crate::url::{endpoint_url, shown};

/// The URL of a token endpoint (RFC 6749 section 3.2). A stored record has the URL that its tokens came from.
///
/// Two URLs are equal if they name the same endpoint. These differences do not matter:
///
/// - upper and lower case in the scheme and the host,
/// - a default port that is written out (`:443` of https, `:80` of http),
/// - one dot at the end of the host.
///
/// The path and the query must be identical. `Display` and `Debug` leave out the query, which may hold a secret.
///
/// ```
/// use auth_layer::profile::TokenUrl;
///
/// let url: TokenUrl = "https://auth.example.com/token".parse()?;
/// assert_eq!(url, "https://AUTH.example.com.:443/token".parse()?);
/// assert_ne!(url, "https://auth.example.com/tenant/token".parse()?);
/// # Ok::<(), auth_layer::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct TokenUrl(Uri);

impl TokenUrl {
    /// Makes a token URL from a URL that has been checked.
    pub(crate) const fn at(url: Uri) -> Self {
        Self(url)
    }

    /// Returns the URL as it was given, with its query.
    pub const fn uri(&self) -> &Uri {
        &self.0
    }

    /// Returns whether this is the endpoint at `url`.
    pub(crate) fn is_at(&self, url: &Uri) -> bool {
        parts(&self.0) == parts(url)
    }
}

/// Returns the scheme, host, port, path and query, in the form in which endpoints are compared.
fn parts(url: &Uri) -> (Option<&str>, String, Option<u16>, &str, Option<&str>) {
    let host = url.host().unwrap_or_default().to_ascii_lowercase();
    let host = host.strip_suffix('.').unwrap_or(&host).to_owned();
    // `Uri` stores schemes in lower case, so that they need no conversion.
    let usual = match url.scheme_str() {
        Some("https") => Some(443),
        Some("http") => Some(80),
        _ => None,
    };
    (url.scheme_str(), host, url.port_u16().or(usual), url.path(), url.query())
}

impl FromStr for TokenUrl {
    type Err = ConfigError;

    /// Parses an absolute URL.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Profile::new`](crate::Profile::new).
    fn from_str(url: &str) -> Result<Self, ConfigError> {
        endpoint_url("token URL", url).map(Self)
    }
}

impl PartialEq for TokenUrl {
    fn eq(&self, other: &Self) -> bool {
        self.is_at(&other.0)
    }
}

impl Eq for TokenUrl {}

impl fmt::Display for TokenUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(&self.0.to_string()))
    }
}

impl fmt::Debug for TokenUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenUrl({self})")
    }
}
