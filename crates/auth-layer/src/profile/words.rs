//! The values of a profile's keys that are written as words or spans.

use std::time::Duration;

use serde::de::{Deserializer, Error as _};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use super::answer::{Names, ScopeSeparator};
use super::replay_rule::ReplayRule;
use super::request::ClientAuth;

/// A name, or a list of names.
#[derive(Clone, Deserialize, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    /// Returns the names, unless they are the usual ones.
    pub(super) fn unless(names: &Names, usual: &Names) -> Option<Self> {
        match names.as_slice() {
            _ if names == usual => None,
            [one] => Some(Self::One(one.to_string())),
            many => Some(Self::Many(many.iter().map(ToString::to_string).collect())),
        }
    }
}

impl From<OneOrMany> for Names {
    fn from(names: OneOrMany) -> Self {
        match names {
            OneOrMany::One(name) => vec![name.into()],
            OneOrMany::Many(names) => names.into_iter().map(Into::into).collect(),
        }
    }
}

/// How the client authenticates: a word, or its own names in the body.
#[derive(Deserialize, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum ClientAuthWord {
    Word(Word),
    Names { id: String, secret: String },
}

#[derive(Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Word {
    Basic,
    BasicRaw,
    Body,
    Public,
}

impl From<ClientAuthWord> for ClientAuth {
    fn from(word: ClientAuthWord) -> Self {
        match word {
            ClientAuthWord::Word(Word::Basic) => Self::Basic,
            ClientAuthWord::Word(Word::BasicRaw) => Self::BasicRaw,
            ClientAuthWord::Word(Word::Body) => Self::body(),
            ClientAuthWord::Word(Word::Public) => Self::Public,
            ClientAuthWord::Names { id, secret } => Self::body_named(id, secret),
        }
    }
}

impl From<&ClientAuth> for ClientAuthWord {
    fn from(client_auth: &ClientAuth) -> Self {
        match client_auth {
            ClientAuth::Basic => Self::Word(Word::Basic),
            ClientAuth::BasicRaw => Self::Word(Word::BasicRaw),
            ClientAuth::Public => Self::Word(Word::Public),
            body if *body == ClientAuth::body() => Self::Word(Word::Body),
            ClientAuth::Body { id, secret } => Self::Names { id: id.to_string(), secret: secret.to_string() },
        }
    }
}

/// The separators of scope tokens: one word for both sides, or one for each.
#[derive(Deserialize, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum Separators {
    Both(ScopeSeparator),
    Each {
        #[serde(default)]
        request: ScopeSeparator,
        #[serde(default)]
        answer: ScopeSeparator,
    },
}

impl Separators {
    /// Returns the separators of a request and of an answer.
    pub(super) const fn both(&self) -> (ScopeSeparator, ScopeSeparator) {
        match self {
            Self::Both(separator) => (*separator, *separator),
            Self::Each { request, answer } => (*request, *answer),
        }
    }

    /// Returns `None` for the usual separators.
    pub(super) fn of((request, answer): (ScopeSeparator, ScopeSeparator)) -> Option<Self> {
        match (request, answer) {
            (ScopeSeparator::Space, ScopeSeparator::Space) => None,
            (request, answer) if request == answer => Some(Self::Both(request)),
            (request, answer) => Some(Self::Each { request, answer }),
        }
    }
}

/// A span of time, such as `30d`.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Span(pub(super) Duration);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        span(&text).map(Self).ok_or_else(|| D::Error::custom("is not a span"))
    }
}

/// Reads a span. humantime panics if the sum is one second above the largest one. A sum of 64 characters with at most
/// 10 digits in a row is far below it.
fn span(text: &str) -> Option<Duration> {
    // humantime ignores white space between the digits of a number.
    let mut numbers = text.split(|c: char| !c.is_ascii_digit() && !c.is_whitespace());
    let is_short = text.len() <= 64 && numbers.all(|number| number.len() <= 10);
    if is_short { humantime::parse_duration(text).ok() } else { None }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&humantime::format_duration(self.0))
    }
}

/// The reaction to a refresh token that is sent twice.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Replay(pub(super) ReplayRule);

impl<'de> Deserialize<'de> for Replay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let rule = match text.as_str() {
            "kills-family" => ReplayRule::KillsFamily,
            "reusable" => ReplayRule::Reusable,
            "unknown" => ReplayRule::Unknown,
            text => {
                let grace = text.strip_prefix("grace:").and_then(span);
                // A grace of no time is a server that takes no token twice.
                let grace = grace.filter(|grace| !grace.is_zero());
                ReplayRule::Grace(grace.ok_or_else(|| D::Error::custom("is not a replay rule"))?)
            }
        };
        Ok(Self(rule))
    }
}

impl Serialize for Replay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            ReplayRule::KillsFamily => serializer.serialize_str("kills-family"),
            ReplayRule::Reusable => serializer.serialize_str("reusable"),
            ReplayRule::Unknown => serializer.serialize_str("unknown"),
            // Without spaces, as a person writes it.
            ReplayRule::Grace(grace) => {
                let span = humantime::format_duration(grace).to_string().replace(' ', "");
                serializer.collect_str(&format_args!("grace:{span}"))
            }
        }
    }
}
