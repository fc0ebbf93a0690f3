//! Checks the URLs that a user gives. Only this file decides whether a URL is valid.

use std::net::Ipv6Addr;

use http::Uri;
use http::uri::{Authority, Scheme};

use crate::error::ConfigError;

/// Parses the URL of an endpoint. Errors call it `what`.
///
/// The scheme is https, or plain http on loopback. The URL has no fragment, no user, and no `.` or `..` segment. It may
/// have a query (RFC 6749 section 3.2).
pub(crate) fn endpoint_url(what: &str, url: &str) -> Result<Uri, ConfigError> {
    absolute(url).map_err(|problem| refusal(what, url, problem))
}

/// Makes an error about a URL. The error shows the URL as [`shown`] writes it.
pub(crate) fn refusal(what: &str, url: &str, problem: &'static str) -> ConfigError {
    let shown = shown(url);
    // Nothing is shown of a text that may be a secret. The error then names the setting alone.
    let space = if shown.is_empty() { "" } else { " " };
    ConfigError::new(format!("{what}{space}{shown}"), problem)
}

/// Parses a base URL, to which paths are appended. It must not have a query: the paths would become part of the query.
pub(crate) fn base_url(url: &str) -> Result<Uri, ConfigError> {
    let uri = endpoint_url("base URL", url)?;
    match url.contains('?') {
        true => {
            let problem = "has a query, but paths are appended to this URL; remove the query";
            Err(refusal("base URL", url, problem))
        }
        false => Ok(uri),
    }
}

/// Parses an absolute URL, or returns the problem with it.
fn absolute(url: &str) -> Result<Uri, &'static str> {
    if url.is_empty() {
        return Err("must not be empty");
    }
    if let Some(problem) = problem_of_text(url) {
        return Err(problem);
    }
    // The cause is left out: it adds nothing to this text.
    let uri: Uri = url.parse().map_err(|_| "is not a valid URL; write it as https://host/path")?;
    if has_dot_segment(uri.path()) {
        return Err("has a `.` or `..` segment, which leads to another path; remove the segment");
    }
    judge(&uri)?;
    Ok(uri)
}

/// Returns the problem with the text of a URL, if it has one.
///
/// This check comes before the parser. The parser drops a fragment silently, and reports every other problem only as an
/// invalid URL.
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
        return Some("has a fragment; remove the part from `#` on (RFC 6749 section 3)");
    }
    if authority.is_empty() {
        return Some(NO_HOST);
    }
    // These are the characters that RFC 3986 section 2 leaves out. Some parsers read a backslash as a slash, so that
    // they would find another host.
    if !url.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte)) {
        return Some("has a space or another character that is not allowed in a URL; percent-encode it");
    }
    let mut escapes = url.split('%').skip(1);
    let is_escape =
        |rest: &str| rest.len() >= 2 && rest.bytes().take(2).all(|digit| digit.is_ascii_hexdigit());
    let problem = "has a `%` that two hexadecimal digits do not follow; write `%25` for a percent sign";
    (!escapes.all(is_escape)).then_some(problem)
}

/// Returns the authority of a URL that a token may be sent to, or the problem with its scheme, host or port.
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
        return Err(
            "has a host that is neither a name nor an IP address; write for example https://api.example.com",
        );
    }
    // Port 0 means "any port" to a program that listens. No server can be reached at it.
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
    /// The authority has no port, or an empty one (RFC 3986 section 3.2.3).
    Default,
    Number(u16),
    /// The text is not a port number.
    Invalid,
}

/// Reads the port of an authority.
pub(crate) fn port_of(authority: &Authority) -> Port {
    // `Authority::port` returns `None` for a port above 65535, as if the authority had no port.
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

/// Returns whether `host` (as [`Uri::host`] returns it) certainly means this machine.
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Returns whether a request to `host` (as [`Uri::host`] returns it) stays on this machine.
///
/// True wherever [`is_loopback`] is true, and also for names below `localhost` (RFC 6761 section 6.3) and for loopback
/// addresses in another notation, such as an IPv4 address mapped to IPv6.
#[cfg(any(feature = "reqwest", feature = "hyper-util"))]
pub(crate) fn is_this_machine(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host);
    let last_label = name.rsplit('.').next().unwrap_or_default();
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    last_label.eq_ignore_ascii_case("localhost")
        || address.is_ok_and(|address| address.to_canonical().is_loopback())
}

/// Returns an error if the URL has a port that no server can have.
#[cfg(any(feature = "reqwest", feature = "hyper-util"))]
pub(crate) fn check_port(uri: &Uri) -> Result<(), ConfigError> {
    // `Uri::port` returns `None` for a port above 65535. A client would then connect to the default port.
    match uri.authority().map(port_of) {
        Some(Port::Invalid | Port::Number(0)) => Err(refusal("request to", &uri.to_string(), NO_PORT)),
        _ => Ok(()),
    }
}

/// Returns whether `host` is a name, an IPv4 address, or an IPv6 address in brackets. A pattern such as `*.example.com`
/// is not.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        return address.strip_suffix(']').is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
    }
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    // A full name may end with the dot of the DNS root.
    host.strip_suffix('.').unwrap_or(host).split('.').all(is_label)
}

/// Returns whether a path has a `.` or `..` segment, plain or percent-encoded. URL parsers remove such segments (RFC
/// 3986 section 5.2.4).
fn has_dot_segment(path: &str) -> bool {
    path.split('/').any(|segment| {
        let segment = segment.replace("%2e", ".").replace("%2E", ".");
        segment == "." || segment == ".."
    })
}

/// Returns the parts of a URL that an error may show: no user, query or fragment, since these may hold secrets.
///
/// If the end of the authority is not certain, only the scheme and the first part of the authority are shown.
pub(crate) fn shown(url: &str) -> String {
    let shown = without_secrets(url);
    // Errors are logged. A line break in the URL could start a forged log line, so that control characters are escaped.
    if shown.contains(char::is_control) { shown.escape_debug().to_string() } else { shown }
}

fn without_secrets(url: &str) -> String {
    // A text without a scheme may be a secret that was put into the wrong setting.
    let Some((scheme, rest)) = url.split_once("://") else { return String::new() };
    let (authority, path) = rest.split_at(rest.find(DELIMITERS).unwrap_or(rest.len()));
    let host = authority.rsplit('@').next().unwrap_or_default();
    // In `user:pa/ss@host`, the `/` of the password ends the authority too early. Its last part is then `:pa`, which
    // looks like a port.
    let port = host.rsplit_once(':').map(|(_, port)| port).filter(|_| !host.ends_with(']'));
    let is_odd = port.is_some_and(|port| !port.bytes().all(|digit| digit.is_ascii_digit()));
    if is_odd || path.contains('@') {
        let host = host.split(':').next().unwrap_or_default();
        return format!("{scheme}://{host}");
    }
    let path = path.split(['?', '#']).next().unwrap_or_default();
    format!("{scheme}://{host}{path}")
}

/// Returns the text between `//` and the path.
fn authority_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(DELIMITERS).next().unwrap_or_default()
}

/// The characters that end an authority. The backslash is one of them because browsers read it as a slash.
const DELIMITERS: [char; 4] = ['/', '?', '#', '\\'];

const NO_SCHEME: &str = "must begin with https://";
const NO_PORT: &str = "has a port that is not a number from 1 to 65535";
const NO_HOST: &str = "has no host";
const NAMES_A_USER: &str = "names a user; remove the part up to the `@`, and set the credential separately";

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
