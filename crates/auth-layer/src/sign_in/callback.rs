//! Reads and checks the callback of a sign-in (RFC 6749 section 4.1.2 and RFC 9207).

use std::borrow::Cow;

use zeroize::Zeroizing;

use super::redirect;
use crate::error::{Error, ErrorKind, OAuthError};
use crate::secret::Secret;
use crate::token::Kept;
use crate::url::shown;

/// The values that a callback must match before anything else in it is used.
#[derive(Debug)]
pub(super) struct Expected<'a> {
    pub(super) redirect_uri: &'a str,
    pub(super) state: &'a Secret,
    pub(super) issuer: Option<&'a str>,
    pub(super) issuer_required: bool,
}

/// The parameters of a callback. They are wiped when dropped.
pub(super) struct Callback<'a> {
    /// The URL of the callback. `None` if only its query is known.
    url: Option<&'a str>,
    parameters: Vec<(Zeroizing<String>, Zeroizing<String>)>,
}

impl<'a> Callback<'a> {
    /// Reads a URL or only its query. White space around the text is ignored, since a person may have pasted it.
    ///
    /// Reading cannot fail. A text that is not a callback has no parameters, and [`check`](Self::check) refuses it.
    pub(super) fn read(text: &'a str) -> Self {
        let text = text.trim();
        let url = redirect::scheme(text).map(|_| text);
        let query = match url {
            Some(url) => url.split_once('?').map_or("", |(_, query)| query),
            None => text.strip_prefix('?').unwrap_or(text),
        };
        // Some servers append a fragment, such as `#_=_`. It is not a part of the answer.
        let query = query.split('#').next().unwrap_or_default();
        let owned = |text: Cow<'_, str>| Zeroizing::new(text.into_owned());
        let parameters = form_urlencoded::parse(query.as_bytes());
        Self { url, parameters: parameters.map(|(name, value)| (owned(name), owned(value))).collect() }
    }

    /// Checks the issuer, then the redirect URI, then the state.
    ///
    /// Nothing else in the callback may be used before this check has succeeded, not even its `error`.
    pub(super) fn check(&self, expected: &Expected<'_>) -> Result<(), Error> {
        match (self.single("iss")?, expected.issuer) {
            (Some(named), Some(issuer)) if named != issuer => {
                // A text that is not a URL may be the code in the wrong place, and is left out.
                let named = shown(named);
                return Err(failed(format!(
                    "the sign-in callback names the issuer {named:?}, but the sign-in was at {issuer:?} (RFC 9207 section \
                     2.4)"
                )));
            }
            (None, _) if expected.issuer_required => {
                let issuer = expected.issuer.unwrap_or_default();
                return Err(failed(format!(
                    "the sign-in callback does not name its issuer, which must be {issuer:?} (RFC 9207 section 2.4)"
                )));
            }
            // An `iss` cannot be checked if the profile has no issuer. A missing `iss` is allowed unless it is
            // required.
            _ => {}
        }
        if self.url.is_some_and(|url| !redirect::is_at(expected.redirect_uri, url)) {
            return Err(failed(
                "the sign-in callback came to another redirect URI than the one of this sign-in",
            ));
        }
        match self.single("state")? {
            Some(state) if Secret::new(state) == *expected.state => Ok(()),
            Some(_) => Err(failed(
                "the sign-in callback belongs to another sign-in: its state is not the one that was sent; \
                 use the newest link",
            )),
            None => Err(failed(
                "the sign-in callback has no state; pass the whole URL that the browser was sent to",
            )),
        }
    }

    /// Returns the code of a callback that has been checked.
    pub(super) fn code(&self) -> Result<Secret, Error> {
        // An error takes precedence over a code, but a second `code` makes the callback invalid in both cases.
        let (error, code) = (self.single("error")?, self.single("code")?);
        if let Some(error) = error {
            return Err(failed("the sign-in was refused").with_oauth(self.refusal(error)));
        }
        match code {
            Some(code) if !code.is_empty() => Ok(Secret::new(code)),
            _ => Err(failed("the sign-in callback has neither a code nor an error")),
        }
    }

    /// Returns the parameters with these names, of a callback that has been checked. One that comes twice, has a
    /// control character or is very long is left out, since it is not a plain value.
    pub(super) fn kept<'n>(&self, names: impl Iterator<Item = &'n str>) -> Kept {
        let value = |name: &str| {
            let mut values = self.parameters.iter().filter(|(known, _)| known.as_str() == name);
            let (value, other) = (values.next()?.1.as_str(), values.next());
            let is_plain = value.len() <= LONGEST_KEPT && !value.contains(char::is_control);
            (is_plain && other.is_none()).then(|| (name.to_owned(), value.to_owned()))
        };
        names.filter_map(value).collect()
    }

    /// Returns the server's error. The state and the code are redacted, in case the server repeats them in its texts.
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

    /// Returns the value of a parameter, or an error if it comes more than once (RFC 6749 section 3.1).
    fn single(&self, name: &'static str) -> Result<Option<&str>, Error> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(failed(format!("the sign-in callback has the parameter {name} twice"))),
            (value, None) => Ok(value),
        }
    }

    fn all(&self, name: &'static str) -> impl Iterator<Item = &str> {
        self.parameters.iter().filter(move |(known, _)| **known == name).map(|(_, value)| value.as_str())
    }
}

/// Makes an error of kind [`ErrorKind::SignInFailed`].
pub(super) fn failed(message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::SignInFailed, message)
}

/// The longest value that is kept, in bytes. Ids are much shorter.
const LONGEST_KEPT: usize = 4_096;

/// Shorter strings are not redacted: they are not secrets, and redacting them would make a text unreadable.
const SHORTEST_SECRET: usize = 6;
