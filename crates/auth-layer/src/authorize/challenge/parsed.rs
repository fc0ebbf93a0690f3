//! `Challenge`, and `parse` for all challenges of a response.

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

use super::reader::Reader;

/// One challenge: a scheme and its parameters.
///
/// ```
/// use auth_layer::authorize::challenge::{Challenge, parse};
/// use http::HeaderMap;
///
/// let mut headers = HeaderMap::new();
/// headers.insert("www-authenticate", r#"Basic realm="a, b", Negotiate abc=="#.parse()?);
/// let schemes: Vec<String> = parse(&headers).iter().map(|c: &Challenge| c.scheme().to_owned()).collect();
/// assert_eq!(schemes, ["Basic", "Negotiate"]);
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    pub(super) scheme: String,
    /// The names are in lower case.
    pub(super) parameters: Vec<(String, String)>,
}

impl Challenge {
    /// Returns the scheme, as the server spelled it.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// Returns whether the challenge has this scheme. Case is ignored.
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// Returns the value of a parameter, by its name in lower case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns the error code (RFC 6750 section 3.1): the first word of the parameter `error`. In an unquoted value,
    /// other words may follow the code.
    pub fn error(&self) -> Option<&str> {
        self.parameter("error")?.split_ascii_whitespace().next()
    }

    /// Returns whether the challenge can be used. It cannot if it has the same parameter twice (RFC 6750 section 3).
    fn is_usable(&self) -> bool {
        let mut names: Vec<&str> = self.parameters.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names.windows(2).all(|pair| pair[0] != pair[1])
    }
}

/// Reads the challenges of all `WWW-Authenticate` lines.
///
/// A challenge that has the same parameter twice is left out (RFC 6750 section 3). A parameter that cannot be read is
/// left out, and reading goes on after the next comma. Beyond the grammar, these are read:
///
/// - an unquoted value with characters that need quotes, such as a URL, up to the next comma;
/// - an unquoted value of several words;
/// - a value in single quotes, and an empty value;
/// - parameters and challenges that are separated by semicolons or blanks instead of commas.
///
/// A quoted value without its closing quote is not read. Neither is a challenge of which only the scheme can be read.
///
/// At most 16 lines are read, and the first 16 KiB of each. A value that reaches this limit is left out. The time is
/// linear in the length of the lines.
pub fn parse(headers: &HeaderMap) -> Vec<Challenge> {
    let mut challenges = Vec::new();
    for line in headers.get_all(WWW_AUTHENTICATE).iter().take(MOST_LINES) {
        Reader::new(line.as_bytes()).read_into(&mut challenges);
    }
    challenges.retain(Challenge::is_usable);
    challenges
}

/// A server that offers many schemes sends one line for each: five or six.
const MOST_LINES: usize = 16;
