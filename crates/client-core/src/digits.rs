//! `Digits`: numeric identifiers of any length, read from a JSON string or number.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::de::Unexpected::{Map, Other, Seq, Unit};
use serde::de::{self, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An identifier of digits, which some APIs write as a JSON string and some as a number.
///
/// Both are read without loss of digits, and written as a string. A number may have any length. A number with a
/// fraction or an exponent is accepted if it is whole, such as `1.0` and `1e3`, and has at most 100 digits.
///
/// # Errors
///
/// Digits are never guessed. Serde may have read a number as a float before, and a float above 2^53 has lost digits.
/// Such a number is an error:
///
/// - in a `serde_json::Value`,
/// - in a type with `#[serde(untagged)]` or `#[serde(flatten)]`, if the number is above 2^64.
///
/// ```
/// use client_core::Digits;
///
/// let id: Digits = serde_json::from_str("8439885694023999999")?;
/// assert_eq!(id, "8439885694023999999".parse()?);
/// assert_eq!(serde_json::to_string(&id)?, "\"8439885694023999999\"");
/// assert_eq!(serde_json::from_str::<Digits>("1e3")?.as_str(), "1000");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digits(String);

/// The error of a text that is not digits with an optional minus sign.
///
/// ```
/// assert!("12a".parse::<client_core::Digits>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParseDigitsError;

impl Digits {
    /// Returns the digits, with a minus sign if the number is negative.
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
        deserializer.deserialize_newtype_struct(RAW_VALUE, TextVisitor)
    }
}

/// Reads the JSON text of a value, if the deserializer is serde_json's.
struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Digits;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    /// Reads the text from serde_json, which passes it as a map with one member.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Digits, A::Error> {
        // The key is serde_json's own marker.
        let Some(IgnoredAny) = map.next_key()? else { return Err(de::Error::invalid_type(Map, &self)) };
        let Text(text) = map.next_value()?;
        match text.as_bytes().first() {
            Some(b'"') => match serde_json::from_str::<String>(&text).map(Digits::try_from) {
                Ok(Ok(digits)) => Ok(digits),
                _ => Err(de::Error::invalid_type(Other("string"), &self)),
            },
            Some(b'-' | b'0'..=b'9') => {
                // A borrowed text is the server's own. An owned one may have been printed from a rounded float.
                let is_exact = matches!(text, Cow::Borrowed(_));
                match whole(&text).filter(|whole| is_exact || is_plain(&text) || is_safe(whole)) {
                    Some(whole) => Ok(Digits(whole)),
                    None => Err(de::Error::invalid_type(Other("floating point"), &self)),
                }
            }
            Some(b'{') => Err(de::Error::invalid_type(Map, &self)),
            Some(b'[') => Err(de::Error::invalid_type(Seq, &self)),
            Some(b'n') => Err(de::Error::invalid_type(Unit, &self)),
            _ => Err(de::Error::invalid_type(Other("boolean"), &self)),
        }
    }

    /// Reads the value itself from every other deserializer.
    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Digits, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

/// Reads a value that is already decoded.
struct ValueVisitor;

impl Visitor<'_> for ValueVisitor {
    type Value = Digits;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Digits, E> {
        text.parse().map_err(|_| E::invalid_type(Other("string"), &self))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Digits, E> {
        Ok(number.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Digits, E> {
        Ok(number.into())
    }

    fn visit_u128<E>(self, number: u128) -> Result<Digits, E> {
        Ok(Digits(number.to_string()))
    }

    fn visit_i128<E>(self, number: i128) -> Result<Digits, E> {
        Ok(Digits(number.to_string()))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Digits, E> {
        // `Display` of a float writes all digits and no exponent.
        match whole(&number.to_string()).filter(|whole| is_safe(whole)) {
            Some(whole) => Ok(Digits(whole)),
            None => Err(E::invalid_type(Other("floating point"), &self)),
        }
    }
}

/// A text, borrowed if the deserializer can lend it.
struct Text<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the text of a value")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// Returns the digits of a JSON number (RFC 8259 section 6), if it is whole.
fn whole(number: &str) -> Option<String> {
    let (sign, number) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (significand, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (before, after) = significand.split_once('.').unwrap_or((significand, ""));
    let digits = [before, after].concat();
    let significant = digits.trim_start_matches('0');
    if significant.is_empty() {
        return Some("0".to_owned());
    }
    // The position of the decimal point, counted from the first significant digit. The additions are checked because
    // the exponent is the server's.
    let exponent: i64 = exponent.parse().ok()?;
    let leading = i64::try_from(digits.len() - significant.len()).ok()?;
    let point = i64::try_from(before.len()).ok()?.checked_sub(leading)?.checked_add(exponent)?;
    let point = usize::try_from(point).ok()?;
    let significant = significant.trim_end_matches('0');
    if point < significant.len() || (point > LONGEST && !is_plain(number)) {
        return None;
    }
    let mut whole = String::with_capacity(sign.len() + point);
    whole.push_str(sign);
    whole.push_str(significant);
    whole.extend(std::iter::repeat_n('0', point - significant.len()));
    Some(whole)
}

/// Returns whether a number has neither a fraction nor an exponent.
fn is_plain(number: &str) -> bool {
    !number.contains(['.', 'e', 'E'])
}

/// Returns whether a float can hold `whole` exactly: its absolute value is at most 2^53 (RFC 8259 section 6).
fn is_safe(whole: &str) -> bool {
    whole.parse::<i64>().is_ok_and(|whole| whole.unsigned_abs() <= 1 << 53)
}

/// The name by which `RawValue` asks serde_json for the text of a value. Other deserializers, and serde_json without
/// its `raw_value` feature, take it for the name of a type. They then return a number, and an error if a float cannot
/// hold it.
const RAW_VALUE: &str = "$serde_json::private::RawValue";

const EXPECTED: &str = "a string of digits or a whole number";

/// The maximum number of digits if there is an exponent. Otherwise `1e999999999` would allocate a gigabyte.
const LONGEST: usize = 100;

impl fmt::Display for ParseDigitsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a whole number: use digits with an optional minus sign")
    }
}

impl std::error::Error for ParseDigitsError {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use super::*;

    #[track_caller]
    fn reads(json: &str, digits: &str) {
        let read = serde_json::from_str::<Digits>(json);
        assert_eq!(read.ok().as_ref().map(Digits::as_str), Some(digits), "{json}");
    }

    #[test]
    fn every_whole_number_is_read_without_loss_of_digits() {
        let cases = [
            ("0", "0"),
            ("-0", "0"),
            ("-0.0", "0"),
            ("0e400", "0"),
            ("7", "7"),
            (" 7 ", "7"),
            ("100", "100"),
            ("-12", "-12"),
            ("18446744073709551615", "18446744073709551615"),
            ("18446744073709551616", "18446744073709551616"),
            ("-9223372036854775809", "-9223372036854775809"),
            ("123456789012345678901234567890123", "123456789012345678901234567890123"),
            ("1.0", "1"),
            ("-1.000", "-1"),
            ("1e3", "1000"),
            ("1E+3", "1000"),
            ("12.50e1", "125"),
            ("0.001e3", "1"),
            ("100e-2", "1"),
            ("1e20", "100000000000000000000"),
            ("18446744073709551616.0", "18446744073709551616"),
            ("\"007\"", "007"),
            ("\"\\u0037\"", "7"),
        ];
        for (json, digits) in cases {
            reads(json, digits);
        }
        let longest = format!("1{}", "0".repeat(99));
        reads("1e99", &longest);
        reads(&longest.repeat(9), &longest.repeat(9));
        // More digits than the maximum width of a format string, 65535.
        let endless = format!("1{}", "3".repeat(70_000));
        reads(&endless, &endless);
    }

    #[test]
    fn other_values_than_whole_numbers_are_errors() {
        let cases = [
            "1.5",
            "1e-1",
            "12e-1",
            "0.001",
            "1e100",
            "1e400",
            "-1e400",
            "1e99999999999999999999",
            "\"1.0\"",
            "\"1e3\"",
            "\"12a\"",
            "\"\"",
            "\"-\"",
            "true",
            "null",
            "{}",
            "[7]",
        ];
        for json in cases {
            let error = serde_json::from_str::<Digits>(json).expect_err(json);
            assert!(error.to_string().contains(EXPECTED), "{error}");
        }
    }

    /// A number that serde has already read as a float has lost digits.
    #[test]
    fn digits_that_a_float_has_lost_are_not_guessed() {
        #[derive(Debug, Deserialize)]
        #[serde(untagged)]
        enum Choice {
            Id { id: Digits },
        }
        let of = |number: &str| {
            let Choice::Id { id } = serde_json::from_str(&format!("{{\"id\": {number}}}")).ok()?;
            Some(id.0)
        };
        assert_eq!(of("18446744073709551615").as_deref(), Some("18446744073709551615"));
        assert_eq!(of("1.0").as_deref(), Some("1"));
        assert_eq!(of("9007199254740992.0").as_deref(), Some("9007199254740992"));
        assert_eq!(of("18446744073709551616"), None);
        assert_eq!(of("1e20"), None);
        assert_eq!(of("1.5"), None);

        let from_value = |json: &str| {
            let value: Value = serde_json::from_str(json).expect("JSON");
            serde_json::from_value::<Digits>(value).ok().map(|digits| digits.0)
        };
        assert_eq!(from_value("18446744073709551615").as_deref(), Some("18446744073709551615"));
        assert_eq!(from_value("1e3").as_deref(), Some("1000"));
        assert_eq!(from_value("18446744073709551616"), None);
        assert_eq!(from_value("100000000000000000001"), None);
    }

    #[test]
    fn digits_are_read_wherever_json_has_a_value() {
        let json = r#"{"18446744073709551616": [1.0, "2", 18446744073709551617]}"#;
        let read: BTreeMap<Digits, Vec<Digits>> = serde_json::from_str(json).expect("digits");
        let (key, values) = read.first_key_value().expect("one");
        assert_eq!(key.as_str(), "18446744073709551616");
        assert_eq!(values.iter().map(Digits::as_str).collect::<Vec<_>>(), ["1", "2", "18446744073709551617"]);
        let none: Vec<Option<Digits>> = serde_json::from_str("[null, 1e1]").expect("digits");
        assert_eq!(none, [None, Some(10_u64.into())]);
    }
}
