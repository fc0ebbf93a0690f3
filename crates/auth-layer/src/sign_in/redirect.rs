//! Where a sign-in page may send the browser back to.

use crate::config_error::ConfigError;
use crate::url::endpoint_url;

/// Checks a redirect URI: https, plain http on loopback, or a scheme of the application's own.
pub(super) fn check(redirect_uri: &str) -> Result<(), ConfigError> {
    let refuse = |problem: &'static str| Err(ConfigError::new("redirect URI", problem));
    if redirect_uri.contains('#') {
        return refuse("has a fragment (RFC 6749 section 3.1.2)");
    }
    if redirect_uri.bytes().any(|byte| !byte.is_ascii_graphic()) {
        return refuse("has a character that is not allowed in a URI; percent-encode it");
    }
    match scheme(redirect_uri) {
        None => refuse("is not absolute (RFC 6749 section 3.1.2)"),
        Some(web) if ["http", "https"].iter().any(|known| web.eq_ignore_ascii_case(known)) => {
            endpoint_url("redirect URI", redirect_uri).map(drop)
        }
        Some(_) if authority(redirect_uri).contains('@') => refuse("names a user, who would be sent along"),
        // RFC 8252 section 7.1: a domain that is the application's, the other way round.
        Some(own) if own.contains('.') => Ok(()),
        Some(_) => {
            refuse("has a scheme that is neither https nor an application's own (RFC 8252 section 7.1)")
        }
    }
}

/// Whether a URL is a redirect URI to which an answer was added. Browsers write hosts in lower case, leave out the usual
/// port and never leave out the path. The redirect URI's own query comes first (RFC 6749 section 4.1.2): it may be all
/// that tells one provider's redirect URI from another's.
pub(super) fn is_at(redirect_uri: &str, url: &str) -> bool {
    let mut came = pairs(url);
    place(redirect_uri) == place(url) && pairs(redirect_uri).all(|own| came.next() == Some(own))
}

/// The scheme of an absolute URI, as RFC 3986 section 3.1 has it. A query never looks like one: a name that is
/// followed by `=` comes first.
pub(super) fn scheme(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once(':')?;
    let rest = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    let good = scheme.starts_with(|first: char| first.is_ascii_alphabetic()) && scheme.bytes().all(rest);
    good.then_some(scheme)
}

/// What stands between `//` and the path, if anything does.
fn authority(uri: &str) -> &str {
    let rest = uri.split_once("://").map_or("", |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or_default()
}

/// The query of a URL, decoded.
fn pairs(url: &str) -> form_urlencoded::Parse<'_> {
    let url = url.split('#').next().unwrap_or_default();
    form_urlencoded::parse(url.split_once('?').map_or("", |(_, query)| query).as_bytes())
}

/// Scheme, authority and path in one spelling.
fn place(url: &str) -> (String, String, &str) {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = url.split_once(':').unwrap_or(("", url));
    let scheme = scheme.to_ascii_lowercase();
    let Some(rest) = rest.strip_prefix("//") else {
        return (scheme, String::new(), rest);
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let authority = authority.to_ascii_lowercase();
    let usual_port = if scheme == "https" { ":443" } else { ":80" };
    let authority = authority.strip_suffix(usual_port).unwrap_or(&authority).to_owned();
    (scheme, authority, if path.is_empty() { "/" } else { path })
}
