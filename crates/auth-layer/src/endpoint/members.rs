//! `Members`: the members of an answer's object. Each is read separately.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use zeroize::{Zeroize, Zeroizing};

use super::salvage;
use crate::error::{Error, ErrorKind};
use crate::profile::{Encoding, Pointer, Profile};

/// The members of an answer's outer object, duplicates included. They are wiped when dropped.
///
/// A value that cannot be read, such as a number that is too large, affects only its own member. If the body breaks off
/// or stops to be JSON, the members before that point are kept.
pub(crate) struct Members {
    all: Vec<(String, Value)>,
    is_whole: bool,
}

impl Members {
    /// Reads a body: JSON, or a form if the profile allows it. `arrived` says whether the body is complete. `None` if
    /// no member could be read.
    ///
    /// A form that the profile does not allow is never whole: its refresh token may be recovered, but its access token
    /// is not used.
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
        // The last pair of a form that broke off may be incomplete.
        let certain = if arrived { text } else { text.rsplit_once('&').map_or("", |(before, _)| before) };
        let pairs = form_urlencoded::parse(certain.as_bytes());
        let all = pairs.map(|(name, value)| (name.into_owned(), Value::String(value.into_owned()))).collect();
        Some(Self { all, is_whole: arrived && is_form && profile.facts().form_answers })
    }

    /// Reads a JSON object up to its first error.
    fn json(text: &str) -> Option<Self> {
        let mut members = Self { all: Vec::new(), is_whole: false };
        let mut reader = serde_json::Deserializer::from_str(text);
        let read = Collect(&mut members.all).deserialize(&mut reader).and_then(|()| reader.end());
        members.is_whole = read.is_ok();
        if !members.is_whole {
            let (all, is_whole) = salvage::members(text);
            // The whole `Members` is replaced: its `drop` wipes the texts that were read so far.
            members = Self { all, is_whole };
        }
        (members.is_whole || !members.all.is_empty()).then_some(members)
    }

    /// Reads a document that is one JSON object from beginning to end.
    pub(crate) fn document(body: &[u8]) -> Option<Self> {
        Self::json(lossy(body).trim_start_matches(BYTE_ORDER_MARK)).filter(Self::is_whole)
    }

    /// Returns whether the body was one complete object.
    pub(super) const fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Returns all values of the members with this name. A name with a slash in front is a JSON Pointer.
    pub(super) fn named(&self, name: &str) -> impl Iterator<Item = &Value> + use<'_> {
        // An answer has few members, and few names are pointers, so that a list costs little.
        let found: Vec<&Value> = match Pointer::of_name(name) {
            Some(pointer) => pointer.values(&self.all),
            None => self.all.iter().filter(|(member, _)| member == name).map(|(_, value)| value).collect(),
        };
        found.into_iter()
    }

    /// Returns all members, in the order of the answer.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.all.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Returns all members as a slice, for the signs of a profile.
    pub(super) fn as_slice(&self) -> &[(String, Value)] {
        &self.all
    }

    /// Returns the first of `names` that has a value, with that value. A name that comes twice is an error.
    pub(crate) fn find<'n, N: AsRef<str>>(&self, names: &'n [N]) -> Result<Option<(&'n str, &Value)>, Error> {
        for name in names.iter().map(AsRef::as_ref) {
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

    /// Does the same as [`find`](Self::find), but an empty string counts as absent (RFC 6749 section 3.2).
    pub(super) fn filled<'n, N: AsRef<str>>(
        &self,
        names: &'n [N],
    ) -> Result<Option<(&'n str, &Value)>, Error> {
        Ok(self.find(names)?.filter(|(_, value)| value.as_str() != Some("")))
    }

    /// Returns the text of a member. A value of another type is an error.
    pub(crate) fn text<N: AsRef<str>>(&self, names: &[N]) -> Result<Option<&str>, Error> {
        match self.find(names)? {
            None => Ok(None),
            Some((_, Value::String(text))) => Ok(Some(text)),
            Some((name, _)) => Err(invalid(format!("the answer's {name} is not a string"))),
        }
    }

    /// Returns a text that must be present and not empty. The error uses the name `called` if `names` is empty.
    pub(super) fn required<N: AsRef<str>>(&self, names: &[N], called: &'static str) -> Result<&str, Error> {
        let text = self.text(names)?.filter(|text| !text.is_empty());
        text.ok_or_else(|| {
            let name = names.first().map_or(called, AsRef::as_ref);
            invalid(format!("the answer has no {name}"))
        })
    }

    /// Returns an optional text. A text that comes twice or is not a string counts as absent: an error would lose the
    /// tokens of the same answer.
    pub(super) fn aside<N: AsRef<str>>(&self, names: &[N]) -> Option<&str> {
        self.text(names).ok().flatten().filter(|text| !text.is_empty())
    }

    /// Returns a text of which there is no doubt: if its name comes more than once, all its texts must be equal.
    pub(super) fn certain<N: AsRef<str>>(&self, names: &[N]) -> Option<&str> {
        let is_filled = |text: &&str| !text.trim().is_empty() && *text != "null";
        let texts = |name| self.named(name).filter_map(Value::as_str).filter(is_filled);
        let name = names.iter().map(AsRef::as_ref).find(|name| texts(name).next().is_some())?;
        let first = texts(name).next()?;
        // A replacement character stands for bytes that are lost, so that the text is not the one that the server sent.
        let is_certain = texts(name).all(|text| text == first) && !first.contains(UNREADABLE);
        is_certain.then_some(first)
    }

    /// Returns the granted scope tokens, separated by spaces. Some servers write them as an array.
    pub(super) fn scope<N: AsRef<str>>(&self, names: &[N]) -> Result<Option<Cow<'_, str>>, Error> {
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
        self.all.iter_mut().for_each(|(_, value)| wipe(value));
    }
}

/// Overwrites the texts in a value with zeros. A token may be at any depth.
fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        _ => {}
    }
}

/// A visitor that collects the members of an object one by one, so that the members before an error are kept.
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
            // The value is valid JSON but no type can hold it. An empty array is wrong for every member. `null` would
            // count as absent.
            let value = serde_json::from_str(raw.get()).unwrap_or_else(|_| Value::Array(Vec::new()));
            self.0.push((name, value));
        }
        Ok(())
    }
}

/// Decodes UTF-8. Invalid bytes become U+FFFD, so that they affect only the text that contains them.
fn lossy(body: &[u8]) -> Zeroizing<String> {
    // The full size is reserved first: a buffer that grows leaves unwiped copies behind.
    let mut text = Zeroizing::new(String::with_capacity(body.len() * UNREADABLE.len_utf8()));
    for chunk in body.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push(UNREADABLE);
        }
    }
    text
}

/// Returns whether a body of another media type must be a form: it has no character that a form would encode, and it
/// has the access token.
fn looks_like_form(text: &str, profile: &Profile) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"<>\"{}[]\\".contains(&byte);
    text.trim_end().bytes().all(is_plain)
        && form_urlencoded::parse(text.as_bytes())
            .any(|(name, _)| profile.facts().names.access_token.contains(&name))
}

/// Makes an error of kind [`ErrorKind::InvalidAnswer`].
pub(super) fn invalid(message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidAnswer, message)
}

/// Some servers begin JSON with this mark. RFC 8259 section 8.1 allows a reader to skip it.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The character in place of bytes that are not UTF-8.
const UNREADABLE: char = char::REPLACEMENT_CHARACTER;
