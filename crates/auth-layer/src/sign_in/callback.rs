//! What the browser comes back with, read by the rules of RFC 6749 section 4.1.2 and RFC 9207.

use std::borrow::Cow;

use zeroize::Zeroizing;

use super::redirect;
use crate::error::{Error, ErrorKind, OAuthError};
use crate::secret::Secret;

/// What an answer has to match, before anything that it says is believed.
#[derive(Debug)]
pub(super) struct Expected<'a> {
    pub(super) redirect_uri: &'a str,
    pub(super) state: &'a Secret,
    pub(super) issuer: Option<&'a str>,
    pub(super) issuer_required: bool,
}

/// The parameters of an answer. Wiped when dropped.
pub(super) struct Callback<'a> {
    /// The URL it came to; `None` if only its query is known.
    url: Option<&'a str>,
    parameters: Vec<(Zeroizing<String>, Zeroizing<String>)>,
}

impl<'a> Callback<'a> {
    /// Takes a URL or only its query apart, with whatever white space a person pasted round it. Reading cannot fail:
    /// what is no answer has no parameters.
    pub(super) fn read(text: &'a str) -> Self {
        let text = text.trim();
        let url = redirect::scheme(text).map(|_| text);
        let query = match url {
            Some(url) => url.split_once('?').map_or("", |(_, query)| query),
            None => text.strip_prefix('?').unwrap_or(text),
        };
        // Some servers append a fragment; it is no part of the answer.
        let query = query.split('#').next().unwrap_or_default();
        let owned = |text: Cow<'_, str>| Zeroizing::new(text.into_owned());
        let parameters = form_urlencoded::parse(query.as_bytes());
        Self { url, parameters: parameters.map(|(name, value)| (owned(name), owned(value))).collect() }
    }

    /// Checks that this is the answer to the request it claims to answer: first the issuer, then where it came to, then
    /// the state. Until all of them hold, nothing else in it is believed, its `error` included.
    pub(super) fn check(&self, expected: &Expected<'_>) -> Result<(), Error> {
        match (self.single("iss")?, expected.issuer) {
            (Some(named), Some(issuer)) if named != issuer => {
                return Err(failed("the answer names another issuer (RFC 9207 section 2.4)"));
            }
            (None, _) if expected.issuer_required => {
                return Err(failed("the answer does not name its issuer (RFC 9207 section 2.4)"));
            }
            // Where no issuer is known, there is nothing to compare with.
            _ => {}
        }
        if self.url.is_some_and(|url| !redirect::is_at(expected.redirect_uri, url)) {
            return Err(failed("the answer came to another redirect URI than was asked for"));
        }
        match self.single("state")? {
            Some(state) if Secret::new(state) == *expected.state => Ok(()),
            Some(_) => {
                Err(failed("the answer is to another sign-in: its state is not the one that was sent"))
            }
            None => Err(failed("the answer has no state")),
        }
    }

    /// The code in an answer that has been checked.
    pub(super) fn code(&self) -> Result<Secret, Error> {
        let (error, code) = (self.single("error")?, self.single("code")?);
        if let Some(error) = error {
            return Err(failed("the sign-in was refused").with_oauth(self.refusal(error)));
        }
        match code {
            Some(code) if !code.is_empty() => Ok(Secret::new(code)),
            _ => Err(failed("the answer has neither a code nor an error")),
        }
    }

    /// What the server said, with a state or a code struck out of it, should it have put them there.
    fn refusal(&self, error: &str) -> OAuthError {
        let secrets = || ["state", "code"].into_iter().flat_map(|name| self.all(name));
        let redact = |text: &str| {
            secrets()
                .filter(|secret| secret.len() >= SHORTEST_SECRET)
                .fold(text.to_owned(), |text, secret| text.replace(secret, "[redacted]"))
        };
        let text = |name| self.all(name).next().map(redact);
        OAuthError::new(
            &redact(error),
            text("error_description").as_deref(),
            text("error_uri").as_deref(),
            true,
        )
    }

    /// The value of a parameter that may come once (RFC 6749 section 3.1).
    fn single(&self, name: &'static str) -> Result<Option<&str>, Error> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(failed(format!("the answer has the parameter {name} twice"))),
            (value, None) => Ok(value),
        }
    }

    fn all(&self, name: &'static str) -> impl Iterator<Item = &str> {
        self.parameters.iter().filter(move |(known, _)| **known == name).map(|(_, value)| value.as_str())
    }
}

pub(super) fn failed(message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::SignInFailed, message)
}

/// Shorter strings are no secrets, and striking them out would make a text unreadable.
const SHORTEST_SECRET: usize = 6;
