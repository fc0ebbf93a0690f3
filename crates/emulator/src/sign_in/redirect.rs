//! The URLs to which a browser may be sent, and their parameters.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Returns whether a URL leads to the browser's own machine: an address literal, any port, any path (RFC 8252 section
/// 7.3).
pub(super) fn is_loopback(url: &str) -> bool {
    // `localhost` is not accepted, because its name can be resolved to another machine (RFC 8252 section 8.3).
    let rest = ["http://127.0.0.1:", "http://[::1]:"].iter().find_map(|start| url.strip_prefix(start));
    let Some((port, path)) = rest.and_then(|rest| rest.split_once('/')) else {
        return false;
    };
    let is_port =
        port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0);
    let is_path = path.bytes().all(|byte| byte.is_ascii_graphic() && !b"#\\\"<>".contains(&byte));
    is_port && is_path
}

/// Returns the URL with more query parameters.
pub(super) fn with_parameters(url: &str, parameters: &[(&str, Option<&str>)]) -> String {
    let given = parameters.iter().filter_map(|(name, value)| Some((name, (*value)?)));
    given.fold(url.to_owned(), |url, (name, value)| {
        // The redirect URL may already have a query (RFC 6749 section 3.1.2).
        let joint = if url.contains('?') { '&' } else { '?' };
        format!("{url}{joint}{name}={}", utf8_percent_encode(value, RESERVED))
    })
}

/// All characters except the unreserved ones of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[cfg(test)]
mod tests {
    use super::{is_loopback, with_parameters};

    #[test]
    fn loopback_is_an_address_literal_with_a_port() {
        for good in ["http://127.0.0.1:1/", "http://127.0.0.1:65535/a/b?c=d", "http://[::1]:8080/callback"] {
            assert!(is_loopback(good), "{good}");
        }
        for bad in [
            "http://127.0.0.1/",
            "http://127.0.0.1:0/",
            "http://127.0.0.1:65536/",
            "http://127.0.0.1:80",
            "http://127.0.0.1:+80/",
            "http://127.0.0.1:80@example.com/",
            "http://127.0.0.1.example.com:80/",
            "http://localhost:80/",
            "https://127.0.0.1:80/",
            "HTTP://127.0.0.1:80/",
            "http://127.0.0.1:80/#fragment",
            "http://127.0.0.1:80/\r\nset-cookie: a",
            "http://127.0.0.1:80/ä",
        ] {
            assert!(!is_loopback(bad), "{bad}");
        }
    }

    #[test]
    fn parameters_join_a_query_that_is_there_and_are_encoded() {
        let url = with_parameters("http://127.0.0.1:1/?a=b", &[("code", Some("c&d")), ("state", None)]);
        assert_eq!(url, "http://127.0.0.1:1/?a=b&code=c%26d");
        assert_eq!(with_parameters("x:/", &[("state", Some("a b+ä"))]), "x:/?state=a%20b%2B%C3%A4");
    }
}
