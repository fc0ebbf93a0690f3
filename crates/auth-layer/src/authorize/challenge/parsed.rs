//! `Challenge`, and all the challenges of a response.

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

use super::reader::Reader;

/// One challenge: a scheme and its parameters.
///
/// ```
/// use auth_layer::challenge::{Challenge, parse};
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
    /// Names in lower case.
    pub(super) parameters: Vec<(String, String)>,
}

impl Challenge {
    /// The scheme, as it was spelled.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// Whether it is of this scheme, whatever the case.
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// The value of a parameter, by its name in lower case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The error code (RFC 6750 section 3.1): the first word of the parameter `error`. An unquoted value may have
    /// other words behind the code.
    pub fn error(&self) -> Option<&str> {
        self.parameter("error")?.split_ascii_whitespace().next()
    }

    /// A challenge that has the same parameter twice cannot be used (RFC 6750 section 3).
    fn is_usable(&self) -> bool {
        let mut names: Vec<&str> = self.parameters.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names.windows(2).all(|pair| pair[0] != pair[1])
    }
}

/// Reads the challenges of all `WWW-Authenticate` lines.
///
/// A challenge that has the same parameter twice is left out (RFC 6750 section 3). A parameter that cannot be read is
/// left out, and what stands behind the next comma is read as usual. Beyond the grammar, these are read:
///
/// - an unquoted value with characters that need quotes, such as a URL, up to the next comma;
/// - an unquoted value of several words;
/// - a value in single quotes, and an empty value;
/// - parameters and challenges that are separated by semicolons or blanks instead of commas.
///
/// Not read are a quoted value without its closing quote, and a challenge of which nothing but the scheme can be read.
///
/// The time is linear in the length of the lines, of which at most 16 are read, and of each the first 16 KiB. A value
/// that reaches to that bound is left out.
pub fn parse(headers: &HeaderMap) -> Vec<Challenge> {
    let mut challenges = Vec::new();
    for line in headers.get_all(WWW_AUTHENTICATE).iter().take(MOST_LINES) {
        Reader::new(line.as_bytes()).read_into(&mut challenges);
    }
    challenges.retain(Challenge::is_usable);
    challenges
}

/// Servers that offer many schemes send one line for each: five or six.
const MOST_LINES: usize = 16;
