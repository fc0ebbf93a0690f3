//! `Profile` as serde data: reads and writes the keys of [`Profile::KEYS`].

use serde::de::{Deserializer, Error as _};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::key_check;
use super::profile::Profile;
use super::wire::Wire;

/// Reads a profile from the keys of [`Profile::KEYS`].
///
/// # Errors
///
/// A key that a profile does not have is an error, which names the nearest key. So is a value that a builder method
/// would refuse. The error has no value except URLs, which it shows without user and query.
impl<'de> Deserialize<'de> for Profile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if !value.is_object() {
            return Err(D::Error::custom("a profile is a table of keys"));
        }
        key_check::check(&value).map_err(D::Error::custom)?;
        let wire: Wire = serde_path_to_error::deserialize(value).map_err(|error| {
            // The text of serde's error has the value, which may be a secret.
            D::Error::custom(key_check::wrong_form(&error.path().to_string()))
        })?;
        wire.profile().map_err(D::Error::custom)
    }
}

/// Writes the keys of [`Profile::KEYS`] that differ from their defaults.
impl Serialize for Profile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Wire::of(self).serialize(serializer)
    }
}
