//! The redirect URIs that a sign-in may use.

use crate::error::ConfigError;
use crate::url::endpoint_url;

/// Checks a redirect URI. It must be https, plain http on loopback, or a private scheme of the application.
pub(super) fn check(redirect_uri: &str) -> Result<(), ConfigError> {
    let refuse = |problem: &'static str| Err(ConfigError::new("redirect URI", problem));
    if redirect_uri.contains('#') {
        return refuse("has a fragment; remove the part from `#` on (RFC 6749 section 3.1.2)");
    }
    if redirect_uri.bytes().any(|byte| !byte.is_ascii_graphic()) {
        return refuse("has a character that is not allowed in a URI; percent-encode it");
    }
    match scheme(redirect_uri) {
        None => refuse("is not absolute; begin it with a scheme such as https:// (RFC 6749 section 3.1.2)"),
        Some(web) if ["http", "https"].iter().any(|known| web.eq_ignore_ascii_case(known)) => {
            endpoint_url("redirect URI", redirect_uri).map(drop)
        }
        Some(_) if authority(redirect_uri).contains('@') => {
            refuse("names a user; remove the part up to the `@`")
        }
        // A private scheme is a domain of the application in reverse order, so that it has a dot (RFC 8252 section
        // 7.1).
        Some(own) if own.contains('.') => Ok(()),
        Some(_) => refuse(
            "has a scheme that is not allowed; use https, or a reversed domain such as com.example.app (RFC 8252 \
             section 7.1)",
        ),
    }
}

/// Returns whether `url` is `redirect_uri` with the parameters of an answer added.
///
/// The query of the redirect URI comes first in the URL (RFC 6749 section 4.1.2). It is compared too: the redirect URIs
/// of two providers may differ in nothing else.
pub(super) fn is_at(redirect_uri: &str, url: &str) -> bool {
    let mut came = pairs(url);
    place(redirect_uri) == place(url) && pairs(redirect_uri).all(|own| came.next() == Some(own))
}

/// Returns the scheme of an absolute URI (RFC 3986 section 3.1).
///
/// The query of a callback is never taken for a URI: it has a `=`, which a scheme cannot have, before any `:`.
pub(super) fn scheme(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once(':')?;
    let rest = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    let good = scheme.starts_with(|first: char| first.is_ascii_alphabetic()) && scheme.bytes().all(rest);
    good.then_some(scheme)
}

/// Returns the text between `//` and the path, or an empty text.
fn authority(uri: &str) -> &str {
    let rest = uri.split_once("://").map_or("", |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or_default()
}

/// Returns the decoded query of a URL.
fn pairs(url: &str) -> form_urlencoded::Parse<'_> {
    let url = url.split('#').next().unwrap_or_default();
    form_urlencoded::parse(url.split_once('?').map_or("", |(_, query)| query).as_bytes())
}

/// Returns the scheme, authority and path of a URL in one spelling.
fn place(url: &str) -> (String, String, &str) {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = url.split_once(':').unwrap_or(("", url));
    let scheme = scheme.to_ascii_lowercase();
    let Some(rest) = rest.strip_prefix("//") else {
        return (scheme, String::new(), rest);
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    // Browsers write hosts in lower case, omit the default port and always write a path.
    let authority = authority.to_ascii_lowercase();
    let usual_port = if scheme == "https" { ":443" } else { ":80" };
    let authority = authority.strip_suffix(usual_port).unwrap_or(&authority).to_owned();
    (scheme, authority, if path.is_empty() { "/" } else { path })
}
