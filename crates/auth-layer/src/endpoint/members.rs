//! `Members`: the members of an answer's object, each read apart from the others.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use zeroize::{Zeroize, Zeroizing};

use super::salvage;
use crate::error::{Error, ErrorKind};
use crate::profile::{Encoding, Profile};

/// The members of an answer's outer object, duplicates included. Wiped when dropped.
///
/// A value that cannot be read, such as a number beyond all bounds, spoils its own member and no other. Of a body that
/// breaks off, or is no JSON any more from some point on, these are the members before that point.
pub(crate) struct Members {
    all: Vec<(String, Value)>,
    is_whole: bool,
}

impl Members {
    /// Reads a body by the profile's rules: JSON, or a form where the profile allows it. `arrived` says whether the body
    /// came to its end. `None` if nothing of it could be read.
    ///
    /// A form that the profile does not allow is never whole: one value of it may be recovered, and no token is used.
    pub(super) fn read(body: &[u8], content_type: &str, profile: &Profile, arrived: bool) -> Option<Self> {
        let text = lossy(body);
        let text = text.trim_start_matches(BYTE_ORDER_MARK).trim_start();
        if text.starts_with('{') {
            let mut members = Self::json(text)?;
            members.is_whole &= arrived;
            return Some(members);
        }
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        let is_form = media_type.eq_ignore_ascii_case(Encoding::Form.media_type());
        if !is_form && !looks_like_form(text, profile) {
            return None;
        }
        // The last pair of a form that broke off may be a part of one.
        let certain = if arrived { text } else { text.rsplit_once('&').map_or("", |(before, _)| before) };
        let pairs = form_urlencoded::parse(certain.as_bytes());
        let all = pairs.map(|(name, value)| (name.into_owned(), Value::String(value.into_owned()))).collect();
        Some(Self { all, is_whole: arrived && is_form && profile.facts().form_answers })
    }

    /// Reads a JSON object, as far as it is one.
    fn json(text: &str) -> Option<Self> {
        let mut members = Self { all: Vec::new(), is_whole: false };
        let mut reader = serde_json::Deserializer::from_str(text);
        let read = Collect(&mut members.all).deserialize(&mut reader).and_then(|()| reader.end());
        members.is_whole = read.is_ok();
        if !members.is_whole {
            let (all, is_whole) = salvage::members(text);
            // The whole value is replaced, since only its end wipes the texts that were read so far.
            members = Self { all, is_whole };
        }
        (members.is_whole || !members.all.is_empty()).then_some(members)
    }

    /// Reads a document that is one JSON object from beginning to end.
    pub(crate) fn document(body: &[u8]) -> Option<Self> {
        Self::json(lossy(body).trim_start_matches(BYTE_ORDER_MARK)).filter(Self::is_whole)
    }

    /// Whether the body was one object from beginning to end.
    pub(super) const fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Every value of this name.
    pub(super) fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Value> {
        self.all.iter().filter(move |(member, _)| member == name).map(|(_, value)| value)
    }

    /// All members, in the order of the answer.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.all.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The same as a slice, for the signs of a profile.
    pub(super) fn as_slice(&self) -> &[(String, Value)] {
        &self.all
    }

    /// The first of `names` that is there with a value, and that name; the same name twice is an error.
    pub(crate) fn find(&self, names: &[&'static str]) -> Result<Option<(&'static str, &Value)>, Error> {
        for name in names {
            let mut found = self.named(name);
            match (found.next(), found.next()) {
                (Some(_), Some(_)) => {
                    return Err(invalid(format!("the answer has the member {name} twice")));
                }
                (Some(Value::Null), None) | (None, _) => {}
                (Some(value), None) => return Ok(Some((name, value))),
            }
        }
        Ok(None)
    }

    /// A member with a value. An empty string counts as absent (RFC 6749 section 3.2).
    pub(super) fn filled(&self, names: &[&'static str]) -> Result<Option<(&'static str, &Value)>, Error> {
        Ok(self.find(names)?.filter(|(_, value)| value.as_str() != Some("")))
    }

    pub(crate) fn text(&self, names: &[&'static str]) -> Result<Option<&str>, Error> {
        match self.find(names)? {
            None => Ok(None),
            Some((_, Value::String(text))) => Ok(Some(text)),
            Some((name, _)) => Err(invalid(format!("the answer's {name} is not a string"))),
        }
    }

    /// A text that must be there, and not empty. `called` is its usual name, for the error.
    pub(super) fn required(&self, names: &[&'static str], called: &'static str) -> Result<&str, Error> {
        let text = self.text(names)?.filter(|text| !text.is_empty());
        text.ok_or_else(|| {
            let name = names.first().copied().unwrap_or(called);
            invalid(format!("the answer has no {name}"))
        })
    }

    /// A text that nothing depends on: one that comes twice or is not a string counts as absent. The refresh token
    /// beside it may be the only one that is good.
    pub(super) fn aside(&self, names: &[&'static str]) -> Option<&str> {
        self.text(names).ok().flatten().filter(|text| !text.is_empty())
    }

    /// The text that one of `names` certainly has: if a name comes more than once, all its texts must be equal.
    pub(super) fn certain(&self, names: &[&'static str]) -> Option<&str> {
        let is_filled = |text: &&str| !text.trim().is_empty() && *text != "null";
        let texts = |name| self.named(name).filter_map(Value::as_str).filter(is_filled);
        let name = names.iter().find(|name| texts(name).next().is_some())?;
        let first = texts(name).next()?;
        // A character that could not be read stands for bytes that are lost.
        let is_certain = texts(name).all(|text| text == first) && !first.contains(UNREADABLE);
        is_certain.then_some(first)
    }

    /// The granted scope tokens: a string of them, or an array, as some servers write them.
    pub(super) fn scope(&self, names: &[&'static str]) -> Result<Option<Cow<'_, str>>, Error> {
        if let Some((name, Value::Array(tokens))) = self.find(names)? {
            let tokens: Option<Vec<&str>> = tokens.iter().map(Value::as_str).collect();
            let refuse = || invalid(format!("the answer's {name} is not a list of strings"));
            return Ok(Some(Cow::Owned(tokens.ok_or_else(refuse)?.join(" "))));
        }
        Ok(self.text(names)?.map(Cow::Borrowed))
    }
}

impl Drop for Members {
    fn drop(&mut self) {
        for (_, value) in &mut self.all {
            if let Value::String(text) = value {
                text.zeroize();
            }
        }
    }
}

/// Collects the members of an object while it is being read, so that those before a break are there.
struct Collect<'a>(&'a mut Vec<(String, Value)>);

impl<'de> DeserializeSeed<'de> for Collect<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Collect<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some((name, raw)) = map.next_entry::<String, &'de RawValue>()? {
            // A value of JSON's grammar that no type can hold: not null, which would count as absent.
            let value = serde_json::from_str(raw.get()).unwrap_or_else(|_| Value::Array(Vec::new()));
            self.0.push((name, value));
        }
        Ok(())
    }
}

/// Reads UTF-8. Bytes that are none become U+FFFD, so that they spoil the text that they stand in and no other.
fn lossy(body: &[u8]) -> Zeroizing<String> {
    // All of it at once: a buffer that grew would leave copies behind, which are not wiped.
    let mut text = Zeroizing::new(String::with_capacity(body.len() * UNREADABLE.len_utf8()));
    for chunk in body.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push(UNREADABLE);
        }
    }
    text
}

/// Whether a body of another media type can only be a form: it holds no character that a form encodes, and has the
/// access token.
fn looks_like_form(text: &str, profile: &Profile) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"<>\"{}[]\\".contains(&byte);
    text.trim_end().bytes().all(is_plain)
        && form_urlencoded::parse(text.as_bytes())
            .any(|(name, _)| profile.facts().names.access_token.contains(&&*name))
}

pub(super) fn invalid(message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidAnswer, message)
}

/// RFC 8259 section 8.1 lets a reader skip it.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Stands for bytes that are not UTF-8.
const UNREADABLE: char = char::REPLACEMENT_CHARACTER;
