//! `Challenge`: a scheme and its parameters.

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
    pub(super) fn is_usable(&self) -> bool {
        let mut names: Vec<&str> = self.parameters.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names.windows(2).all(|pair| pair[0] != pair[1])
    }
}
