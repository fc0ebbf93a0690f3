//! Judges the URLs that a user gives: the only place that knows what is wrong with one.

use std::net::Ipv6Addr;

use http::Uri;
use http::uri::{Authority, Scheme};

use crate::config_error::ConfigError;

/// Takes over the URL of an endpoint, which errors call `what`: https, or plain http on loopback. It has no fragment, no
/// user, and no `.` or `..` segment. A query stays (RFC 6749 section 3.2).
pub(crate) fn endpoint_url(what: &str, url: &str) -> Result<Uri, ConfigError> {
    absolute(url).map_err(|problem| refusal(what, url, problem))
}

/// An error about a URL, which shows what [`shown`] shows of it.
pub(crate) fn refusal(what: &str, url: &str, problem: &'static str) -> ConfigError {
    let shown = shown(url);
    let space = if shown.is_empty() { "" } else { " " };
    ConfigError::new(format!("{what}{space}{shown}"), problem)
}

/// Takes over a URL to which paths are appended. It has no query either, which would swallow them.
pub(crate) fn base_url(url: &str) -> Result<Uri, ConfigError> {
    let uri = endpoint_url("base URL", url)?;
    match url.contains('?') {
        true => {
            let problem = "has a query, which would swallow the paths that are appended; leave it out";
            Err(refusal("base URL", url, problem))
        }
        false => Ok(uri),
    }
}

/// Parses an absolute URL, or says what is wrong with it.
fn absolute(url: &str) -> Result<Uri, &'static str> {
    if url.is_empty() {
        return Err("must not be empty");
    }
    if let Some(problem) = problem_of_text(url) {
        return Err(problem);
    }
    let uri: Uri = url.parse().map_err(|_| "is not a valid URL")?;
    if leaves_the_path(uri.path()) {
        return Err("has a `.` or `..` segment, which leads to another path");
    }
    judge(&uri)?;
    Ok(uri)
}

/// What is wrong with the text of a URL, before anything is parsed: a parser drops fragments, folds paths, and says of
/// the rest no more than that it is invalid.
fn problem_of_text(url: &str) -> Option<&'static str> {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    if !scheme.is_some_and(|scheme| ["https", "http"].iter().any(|known| scheme.eq_ignore_ascii_case(known)))
    {
        return Some(NO_SCHEME);
    }
    let authority = authority_of(url);
    if authority.contains('@') {
        return Some(NAMES_A_USER);
    }
    if url.contains('#') {
        return Some("has a fragment (RFC 6749 section 3)");
    }
    if authority.is_empty() {
        return Some(NO_HOST);
    }
    // RFC 3986 section 2, and a backslash, which some parsers take for a slash.
    if !url.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte)) {
        return Some("has a space or another character that no URL has (percent-encode it)");
    }
    let mut escapes = url.split('%').skip(1);
    let is_escape =
        |rest: &str| rest.len() >= 2 && rest.bytes().take(2).all(|digit| digit.is_ascii_hexdigit());
    (!escapes.all(is_escape)).then_some("has a `%` that two hexadecimal digits do not follow")
}

/// The authority of a URL that a token may be sent to, or what is wrong with scheme, host or port.
pub(crate) fn judge(uri: &Uri) -> Result<&Authority, &'static str> {
    let scheme = uri.scheme().filter(|scheme| [&Scheme::HTTPS, &Scheme::HTTP].contains(scheme));
    let (scheme, authority) = (scheme.ok_or(NO_SCHEME)?, uri.authority().ok_or(NO_HOST)?);
    let host = authority.host();
    if authority.as_str().contains('@') {
        return Err(NAMES_A_USER);
    }
    if host.is_empty() {
        return Err(NO_HOST);
    }
    if !is_host(host) {
        return Err("has a host that is neither a name nor an IP address");
    }
    if matches!(port_of(authority), Port::Invalid | Port::Number(0)) {
        return Err(NO_PORT);
    }
    if *scheme == Scheme::HTTP && !is_loopback(host) {
        return Err("must be https (plain http is for loopback only)");
    }
    Ok(authority)
}

/// The port of an authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Port {
    /// There is none, or an empty one (RFC 3986 section 3.2.3).
    Default,
    Number(u16),
    /// It is no port at all: `Authority::port` says nothing of one that is too large.
    Invalid,
}

pub(crate) fn port_of(authority: &Authority) -> Port {
    let place = authority.as_str().rsplit('@').next().unwrap_or_default();
    let port = place.strip_prefix(authority.host());
    match port.map(|port| port.strip_prefix(':').unwrap_or(port)) {
        Some("") => Port::Default,
        Some(digits) if digits.bytes().all(|digit| digit.is_ascii_digit()) => {
            digits.parse().map_or(Port::Invalid, Port::Number)
        }
        _ => Port::Invalid,
    }
}

/// Whether `host` (as [`Uri::host`] gives it) names this machine and no other.
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether a request for `host` (as [`Uri::host`] gives it) ends on this machine: a superset of [`is_loopback`], with the
/// names below `localhost` (RFC 6761 section 6.3) and loopback addresses that are written in another way.
#[cfg(any(feature = "reqwest", feature = "hyper-util"))]
pub(crate) fn is_this_machine(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host);
    let last_label = name.rsplit('.').next().unwrap_or_default();
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    last_label.eq_ignore_ascii_case("localhost")
        || address.is_ok_and(|address| address.to_canonical().is_loopback())
}

/// Refuses a URL with a port that no server has. [`Uri::port`] says nothing of one that is too large, so that a client would
/// connect to the default port instead.
#[cfg(any(feature = "reqwest", feature = "hyper-util"))]
pub(crate) fn check_port(uri: &Uri) -> Result<(), ConfigError> {
    match uri.authority().map(port_of) {
        Some(Port::Invalid | Port::Number(0)) => Err(refusal("request to", &uri.to_string(), NO_PORT)),
        _ => Ok(()),
    }
}

/// Whether it is a name, an IPv4 address, or an IPv6 address in brackets. A pattern such as `*.example.com` is none.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        return address.strip_suffix(']').is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
    }
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    // The dot of the root may stand at the end.
    host.strip_suffix('.').unwrap_or(host).split('.').all(is_label)
}

/// Whether a path has a segment that URL parsers fold, written as it is or encoded (RFC 3986 section 5.2.4).
fn leaves_the_path(path: &str) -> bool {
    path.split('/').any(|segment| {
        let segment = segment.replace("%2e", ".").replace("%2E", ".");
        segment == "." || segment == ".."
    })
}

/// A URL as an error may show it: without the parts that people put secrets into. Where its parts cannot be told apart,
/// only what stands before them is shown.
pub(crate) fn shown(url: &str) -> String {
    let shown = without_secrets(url);
    // An error goes into logs, in which a line must not be forged.
    if shown.contains(char::is_control) { shown.escape_debug().to_string() } else { shown }
}

fn without_secrets(url: &str) -> String {
    // A text that is not a URL may be a secret that stands in the wrong place.
    let Some((scheme, rest)) = url.split_once("://") else { return String::new() };
    let (authority, path) = rest.split_at(rest.find(DELIMITERS).unwrap_or(rest.len()));
    let host = authority.rsplit('@').next().unwrap_or_default();
    // A password with a `/`, `?` or `#` in it looks like a port that is followed by something.
    let port = host.rsplit_once(':').map(|(_, port)| port).filter(|_| !host.ends_with(']'));
    let is_odd = port.is_some_and(|port| !port.bytes().all(|digit| digit.is_ascii_digit()));
    if is_odd || path.contains('@') {
        let host = host.split(':').next().unwrap_or_default();
        return format!("{scheme}://{host}");
    }
    let path = path.split(['?', '#']).next().unwrap_or_default();
    format!("{scheme}://{host}{path}")
}

/// What stands between `//` and the path.
fn authority_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(DELIMITERS).next().unwrap_or_default()
}

/// What may end an authority. A backslash is in it because browsers take it for a slash.
const DELIMITERS: [char; 4] = ['/', '?', '#', '\\'];

const NO_SCHEME: &str = "must begin with https://";
const NO_PORT: &str = "has a port that is not a number from 1 to 65535";
const NO_HOST: &str = "has no host";
const NAMES_A_USER: &str = "names a user; credentials have a place of their own";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_shows_no_user_no_query_and_no_fragment() {
        for (url, expected) in [
            ("https://h.example/v1", "https://h.example/v1"),
            ("https://h.example:8443/v1?key=s3cret#s3cret", "https://h.example:8443/v1"),
            ("https://user:s3cret@h.example/v1", "https://h.example/v1"),
            ("https://s3cret@h.example", "https://h.example"),
            ("https://user:s3@cret@h.example/v1", "https://h.example/v1"),
            ("https://user:s3/cret@h.example/v1", "https://user"),
            ("https://user:s3?cret@h.example/v1", "https://user"),
            ("https://user:s3#cret@h.example/v1", "https://user"),
            ("https://user:s3\\cret@h.example/v1", "https://user"),
            ("https://user:s3cret", "https://user"),
            ("https://[::1]:8443/v1", "https://[::1]:8443/v1"),
            ("https://[::1]/v1", "https://[::1]/v1"),
            ("user:s3cret@h.example/v1", ""),
            ("https:/user:s3cret@h.example/v1", ""),
            ("https:user:s3cret@h.example/v1", ""),
            ("https://h.example/v1\nforged", "https://h.example/v1\\nforged"),
            ("", ""),
        ] {
            assert_eq!(shown(url), expected, "{url}");
        }
    }

    #[test]
    fn a_host_is_a_name_or_an_address() {
        for good in
            ["h", "api.example.com", "api.example.com.", "a_b", "127.0.0.1", "[::1]", "xn--caf-dma.fr"]
        {
            assert!(is_host(good), "{good}");
        }
        for bad in ["*", "*.example.com", "a..b", ".", "a,b", "[::1", "[x]", "a%20b", "[::1%25eth0]"] {
            assert!(!is_host(bad), "{bad}");
        }
    }
}
