//! Reads what a token endpoint answers.

use std::borrow::Cow;
use std::time::Duration;

use http::StatusCode;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use zeroize::Zeroize;

use crate::clock::Now;
use crate::error::{Error, ErrorKind, OAuthError, shown};
use crate::profile::{Encoding, Profile};
use crate::token::{AccessToken, RefreshToken, Scope, TokenTypeId};

/// A token answer that can be used (RFC 6749 section 5.1).
#[derive(Debug)]
pub(crate) struct TokenAnswer {
    pub(crate) access_token: AccessToken,
    pub(crate) refresh_token: Option<RefreshToken>,
    /// Counted from `sent`.
    pub(crate) lifetime: Duration,
    pub(crate) scope: Option<Scope>,
    /// Whom it stands for, where the profile knows how an answer tells.
    pub(crate) account: Option<String>,
    /// What kind of token it is, where a token exchange tells.
    pub(crate) issued_token_type: Option<TokenTypeId>,
    /// When the request was sent.
    pub(crate) sent: Now,
}

impl TokenAnswer {
    /// Whether it was granted less than `required`. A scope that is not told is as asked (RFC 6749 section 5.1).
    pub(crate) fn lacks(&self, required: &Scope) -> bool {
        self.scope.as_ref().is_some_and(|granted| !granted.covers(required))
    }
}

/// The members of an answer's object, duplicates included. Wiped when dropped.
pub(crate) struct Members(Vec<(String, Value)>);

impl Members {
    /// Reads a body by the profile's rules: JSON, or a form where the profile allows it.
    pub(crate) fn read(body: &[u8], content_type: &str, profile: &Profile) -> Option<Self> {
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        if profile.form_answers && media_type.eq_ignore_ascii_case(Encoding::Form.media_type()) {
            let pairs = form_urlencoded::parse(body);
            return Some(Self(pairs.map(|(k, v)| (k.into_owned(), Value::String(v.into_owned()))).collect()));
        }
        serde_json::from_slice(body).ok()
    }

    /// The first of `names` that is there with a value; the same name twice is an error.
    fn find(&self, names: &[&'static str]) -> Result<Option<&Value>, Error> {
        for name in names {
            let mut found = self.0.iter().filter(|(member, _)| member == name).map(|(_, value)| value);
            match (found.next(), found.next()) {
                (Some(_), Some(_)) => {
                    return Err(invalid(format!("the answer has the member {name} twice")));
                }
                (Some(Value::Null), None) | (None, _) => {}
                (Some(value), None) => return Ok(Some(value)),
            }
        }
        Ok(None)
    }

    pub(super) fn text(&self, names: &[&'static str]) -> Result<Option<&str>, Error> {
        match self.find(names)? {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(invalid(format!("the answer's {} is no string", names[0]))),
        }
    }

    /// A text that nothing depends on: one that comes twice or is no string is as good as none. The refresh token beside
    /// it may be the only one that is good.
    fn aside(&self, names: &[&'static str]) -> Option<&str> {
        self.text(names).ok().flatten().filter(|text| !text.is_empty())
    }

    /// What was granted: scope tokens apart by spaces, or in an array, as some servers write them.
    fn scope(&self, names: &[&'static str]) -> Result<Option<Cow<'_, str>>, Error> {
        if let Some(Value::Array(tokens)) = self.find(names)? {
            let tokens: Option<Vec<&str>> = tokens.iter().map(Value::as_str).collect();
            let tokens =
                tokens.ok_or_else(|| invalid(format!("the answer's {} is no list of strings", names[0])))?;
            return Ok(Some(Cow::Owned(tokens.join(" "))));
        }
        Ok(self.text(names)?.map(Cow::Borrowed))
    }

    /// A duration in whole seconds, cut to what is sensible.
    pub(super) fn seconds(&self, name: &'static str) -> Result<Option<Duration>, Error> {
        let seconds = self.find(&[name])?.map(whole).transpose()?;
        Ok(seconds.map(|seconds| Duration::from_secs(seconds).min(LONGEST_LIFETIME)))
    }

    /// The OAuth error in an answer, in the letter's shape or in one of those seen in the field.
    pub(crate) fn oauth_error(&self, redact: impl Fn(&str) -> String) -> Option<OAuthError> {
        let member = |name: &str| self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        let text = |name: &str| member(name).and_then(Value::as_str);
        let (code, inner) = match member("error")? {
            Value::String(code) if !code.is_empty() => (code.as_str(), None),
            // Octotable: {"error": {"code", "message"}}.
            Value::Object(inner) => {
                let text = |name| inner.get(name).and_then(Value::as_str);
                (text("code").unwrap_or("unknown"), text("message"))
            }
            _ => return None,
        };
        let description = inner.or_else(|| text("error_description")).or_else(|| text("message"));
        let description = description.map(&redact);
        Some(OAuthError::new(&redact(code), description.as_deref(), text("error_uri").map(redact).as_deref()))
    }

    /// Whether one of the profile's signs says that the answer is a refusal.
    pub(super) fn is_refusal(&self, status: StatusCode, profile: &Profile) -> bool {
        profile.refuses(status, &self.0)
    }

    /// Whether the answer is an error whatever its status says: it has an `error`, or `"ok": false`.
    pub(crate) fn is_error(&self) -> bool {
        self.0.iter().any(|(name, value)| match name.as_str() {
            "error" => !matches!(value, Value::Null | Value::Bool(false)) && value.as_str() != Some(""),
            "ok" | "success" => *value == Value::Bool(false),
            _ => false,
        })
    }

    /// Reads the token out of a successful answer. What may be shown of it is struck through by `redact`.
    pub(crate) fn token(
        &self,
        profile: &Profile,
        sent: Now,
        redact: impl Fn(&str) -> String,
    ) -> Result<TokenAnswer, Error> {
        let names = &profile.names;
        let token = self.text(names.access_token)?.unwrap_or_default();
        if token.is_empty() {
            return Err(invalid(format!("the answer has no {}", names.access_token[0])));
        }
        let token_type = self
            .text(names.token_type)?
            .or(profile.default_token_type)
            .ok_or_else(|| invalid(format!("the answer has no {}", names.token_type[0])))?;
        if !token_type.eq_ignore_ascii_case("bearer") {
            let token_type: String = redact(token_type).escape_default().take(32).collect();
            let message = format!("the token is of type {token_type}, and only Bearer can be used");
            return Err(Error::new(ErrorKind::TokenType, message));
        }
        let refresh_token = self.text(names.refresh_token)?.filter(|token| !token.is_empty());
        Ok(TokenAnswer {
            access_token: AccessToken::new(token)?,
            refresh_token: refresh_token.map(RefreshToken::new),
            lifetime: self.lifetime(profile, sent)?,
            scope: self.scope(names.scope)?.map(|scope| Scope::granted(&redact(&scope))),
            account: self.aside(names.account).map(|name| shown(&redact(name))),
            issued_token_type: self
                .aside(&["issued_token_type"])
                .map(|id| TokenTypeId::new(shown(&redact(id)))),
            sent,
        })
    }

    fn lifetime(&self, profile: &Profile, sent: Now) -> Result<Duration, Error> {
        let names = &profile.names;
        let stated = if let Some(value) = self.find(names.expires_in)? {
            Some(profile.lifetime_unit.of(whole(value)?))
        } else if let Some(value) = self.find(names.expires_at)? {
            Some(Duration::from_secs(whole(value)?).saturating_sub(sent.wall()))
        } else {
            None
        };
        let lifetime = stated.or(profile.default_lifetime).unwrap_or(UNSTATED_LIFETIME);
        Ok(lifetime.min(LONGEST_LIFETIME))
    }
}

impl Drop for Members {
    fn drop(&mut self) {
        for (_, value) in &mut self.0 {
            if let Value::String(text) = value {
                text.zeroize();
            }
        }
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Members;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Members(Vec::new());
                while let Some(member) = map.next_entry()? {
                    members.0.push(member);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

/// Reads a whole number that may come as a number, as a string of digits, or as a float without fraction
/// (RFC 6749 appendix A.14, and what servers make of it).
fn whole(value: &Value) -> Result<u64, Error> {
    let refuse = || invalid("the answer's lifetime is no whole number of a sensible size");
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return Err(refuse()),
    };
    if let Ok(whole) = text.parse() {
        return Ok(whole);
    }
    let float: f64 = text.parse().map_err(|_| refuse())?;
    // Beyond 2^53 a float is no longer exact; no lifetime comes near it.
    if float.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&float) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
        return Ok(float as u64);
    }
    Err(refuse())
}

pub(crate) fn invalid(message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidAnswer, message)
}

/// Whether an answer with this status may be followed by a better one without anyone doing anything.
pub(crate) fn is_transient(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS)
}

/// How long a token serves if nobody says: until it is rejected, and at most this long.
const UNSTATED_LIFETIME: Duration = Duration::from_secs(3_600);

/// No token is trusted for longer than a year, whatever its issuer says.
const LONGEST_LIFETIME: Duration = Duration::from_secs(365 * 86_400);
