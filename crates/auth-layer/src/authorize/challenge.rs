//! Reads `WWW-Authenticate` (RFC 9110 section 11.6.1).
//!
//! ```
//! use auth_layer::challenge::parse;
//! use http::HeaderMap;
//!
//! let mut headers = HeaderMap::new();
//! headers.insert("www-authenticate", r#"Bearer realm="c", error="invalid_token""#.parse()?);
//! let bearer = parse(&headers).into_iter().find(|challenge| challenge.is("bearer"));
//! assert_eq!(bearer.as_ref().and_then(|bearer| bearer.parameter("error")), Some("invalid_token"));
//! # Ok::<(), http::header::InvalidHeaderValue>(())
//! ```

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

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
    scheme: String,
    /// Names in lower case.
    parameters: Vec<(String, String)>,
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

    /// A challenge in which a parameter stands twice cannot be used (RFC 6750 section 3).
    fn is_usable(&self) -> bool {
        self.parameters
            .iter()
            .enumerate()
            .all(|(index, (name, _))| self.parameters[..index].iter().all(|(known, _)| known != name))
    }
}

/// Reads the challenges of all `WWW-Authenticate` lines. What cannot be read is left out, and so is a challenge in
/// which a parameter stands twice.
pub fn parse(headers: &HeaderMap) -> Vec<Challenge> {
    let mut challenges = Vec::new();
    for line in headers.get_all(WWW_AUTHENTICATE) {
        Reader { rest: line.as_bytes() }.challenges(&mut challenges);
    }
    challenges.retain(Challenge::is_usable);
    challenges
}

/// Walks through one line. It stops at the first thing it cannot read.
struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn challenges(&mut self, found: &mut Vec<Challenge>) {
        loop {
            self.skip(|byte| is_blank(byte) || byte == b',');
            let Some(scheme) = self.token() else { return };
            let mut challenge = Challenge { scheme, parameters: Vec::new() };
            let whole = self.blanks() == 0 || self.parameters(&mut challenge);
            // A scheme is followed by blanks, a comma or the end.
            let ended = whole && matches!(self.rest.first(), None | Some(b','));
            if !ended && !self.at_token() {
                return;
            }
            found.push(challenge);
        }
    }

    /// Reads what follows a scheme: a token68, or parameters up to the next scheme. `false` if it is neither.
    fn parameters(&mut self, challenge: &mut Challenge) -> bool {
        if self.token68() {
            return true;
        }
        loop {
            let before = self.rest;
            self.skip(|byte| is_blank(byte) || byte == b',');
            let parameter = self.token().and_then(|name| {
                self.blanks();
                self.eat(b'=').then_some(name)
            });
            let Some(name) = parameter else {
                // No parameter: the end, or the next challenge, which begins at what was read.
                self.rest = before;
                let rest = self.rest.trim_ascii_start();
                return rest.is_empty() || rest.starts_with(b",");
            };
            self.blanks();
            let Some(value) = self.quoted().or_else(|| self.token()) else { return false };
            challenge.parameters.push((name.to_ascii_lowercase(), value));
            self.blanks();
            if !matches!(self.rest.first(), None | Some(b',')) {
                return false;
            }
        }
    }

    /// Eats a token68 (RFC 9110 section 11.2), which must be all there is up to a comma or the end.
    fn token68(&mut self) -> bool {
        let is_token68 = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(byte);
        let length = self.rest.iter().take_while(|byte| is_token68(byte)).count();
        let padding = self.rest[length..].iter().take_while(|byte| **byte == b'=').count();
        let after = self.rest[length + padding..].trim_ascii_start();
        let whole = length > 0 && (after.is_empty() || after.starts_with(b","));
        if whole {
            self.rest = after;
        }
        whole
    }

    fn token(&mut self) -> Option<String> {
        let length = self.rest.iter().take_while(|byte| is_token(**byte)).count();
        let (token, rest) = self.rest.split_at(length);
        self.rest = rest;
        (length > 0).then(|| String::from_utf8_lossy(token).into_owned())
    }

    fn quoted(&mut self) -> Option<String> {
        let inner = self.rest.strip_prefix(b"\"")?;
        let mut value = Vec::new();
        let mut bytes = inner.iter().enumerate();
        while let Some((index, &byte)) = bytes.next() {
            match byte {
                b'"' => {
                    self.rest = &inner[index + 1..];
                    return Some(String::from_utf8_lossy(&value).into_owned());
                }
                b'\\' => value.push(*bytes.next()?.1),
                _ => value.push(byte),
            }
        }
        None
    }

    fn at_token(&self) -> bool {
        self.rest.first().is_some_and(|byte| is_token(*byte))
    }

    fn blanks(&mut self) -> usize {
        self.skip(is_blank)
    }

    fn skip(&mut self, what: impl Fn(u8) -> bool) -> usize {
        let length = self.rest.iter().take_while(|byte| what(**byte)).count();
        self.rest = &self.rest[length..];
        length
    }

    fn eat(&mut self, byte: u8) -> bool {
        let rest = self.rest.strip_prefix(&[byte]);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// The characters of a token (RFC 9110 section 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn read(line: &[u8]) -> Vec<Challenge> {
        let mut headers = HeaderMap::new();
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_bytes(line).unwrap());
        parse(&headers)
    }

    /// Checks the challenges of a line, each written as `scheme name=value name=value`.
    #[track_caller]
    fn challenges(line: &str, expected: &[&str]) {
        let found = read(line.as_bytes()).into_iter().map(|challenge| {
            let parameters = challenge.parameters.iter().map(|(name, value)| format!(" {name}={value}"));
            format!("{}{}", challenge.scheme, parameters.collect::<String>())
        });
        assert_eq!(found.collect::<Vec<_>>(), expected, "{line}");
    }

    #[test]
    fn vectors() {
        challenges("", &[]);
        challenges("Bearer", &["Bearer"]);
        challenges("Bearer ", &["Bearer"]);
        challenges("Bearer, Basic", &["Bearer", "Basic"]);
        challenges("Bearer a=1", &["Bearer a=1"]);
        challenges("Bearer a=1,b=2", &["Bearer a=1 b=2"]);
        challenges("Bearer a=1 , ,b = \"2\"", &["Bearer a=1 b=2"]);
        challenges("Bearer A=\"\"", &["Bearer a="]);
        challenges(r#"Bearer a="1,2", b="\"3\"""#, &[r#"Bearer a=1,2 b="3""#]);
        challenges("A a=1, B, C b=2", &["A a=1", "B", "C b=2"]);
        challenges("A b64==, B a=1", &["A", "B a=1"]);
        challenges("A b64, B a=1", &["A", "B a=1"]);
        // RFC 9110 section 11.6.1.
        challenges(
            r#"Basic realm="simple", Newauth realm="apps", type=1, title="Login to \"apps\"""#,
            &["Basic realm=simple", r#"Newauth realm=apps type=1 title=Login to "apps""#],
        );
    }

    #[test]
    fn what_comes_before_garbage_stands() {
        challenges("Basic a=1, Bearer b=\"unfinished", &["Basic a=1"]);
        challenges("Basic a=1, (Bearer)", &["Basic a=1"]);
        // A comma that was forgotten costs what follows, not what came before.
        challenges("Bearer error=\"invalid_token\" scope=\"x\"", &["Bearer error=invalid_token"]);
    }

    #[test]
    fn a_challenge_with_a_parameter_twice_is_left_out() {
        challenges("A a=1, a=2, B b=1", &["B b=1"]);
        challenges("A a=1, b=1, A=1", &[]);
        // The same name in two challenges is no repetition.
        challenges("A a=1, B a=2", &["A a=1", "B a=2"]);
    }
}
