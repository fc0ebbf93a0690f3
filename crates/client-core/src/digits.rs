//! Numbers that are identifiers: as many digits as they like, as text or as number.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An identifier of digits, which some APIs write as a JSON string and some as a number.
///
/// It is read from both, kept digit for digit, and written as a string.
///
/// ```
/// use client_core::Digits;
///
/// let id: Digits = serde_json::from_str("8439885694023999999")?;
/// assert_eq!(id, "8439885694023999999".parse()?);
/// assert_eq!(serde_json::to_string(&id)?, "\"8439885694023999999\"");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digits(String);

/// The text is not made of digits alone, with at most a minus sign before them.
///
/// ```
/// assert!("12a".parse::<client_core::Digits>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParseDigitsError;

impl Digits {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Digits {
    type Err = ParseDigitsError;

    fn from_str(text: &str) -> Result<Self, ParseDigitsError> {
        text.to_owned().try_into()
    }
}

impl TryFrom<String> for Digits {
    type Error = ParseDigitsError;

    fn try_from(text: String) -> Result<Self, ParseDigitsError> {
        let digits = text.strip_prefix('-').unwrap_or(&text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ParseDigitsError);
        }
        Ok(Self(text))
    }
}

impl TryFrom<&str> for Digits {
    type Error = ParseDigitsError;

    fn try_from(text: &str) -> Result<Self, ParseDigitsError> {
        text.parse()
    }
}

impl From<u64> for Digits {
    fn from(number: u64) -> Self {
        Self(number.to_string())
    }
}

impl From<i64> for Digits {
    fn from(number: i64) -> Self {
        Self(number.to_string())
    }
}

impl fmt::Display for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Digits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Digits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DigitsVisitor)
    }
}

struct DigitsVisitor;

impl Visitor<'_> for DigitsVisitor {
    type Value = Digits;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string of digits or an integer")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Digits, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E>(self, number: u64) -> Result<Digits, E> {
        Ok(number.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Digits, E> {
        Ok(number.into())
    }
}

impl fmt::Display for ParseDigitsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a number written in digits")
    }
}

impl std::error::Error for ParseDigitsError {}
