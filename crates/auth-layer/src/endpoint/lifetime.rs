//! How long a token lives, as its answer says.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime};
use serde_json::Value;

use super::members::Members;
use crate::clock::Now;
use crate::error::Error;
use crate::profile::{ExpiryFormat, LifetimeUnit, Profile};

/// A lifetime, and the member that should have said it and could not be read.
pub(super) struct Lifetime {
    pub(super) value: Duration,
    pub(super) unreadable: Option<&'static str>,
}

impl Members {
    /// How long the token lives, counted from when its request was sent. What cannot be read counts as absent: then the
    /// absolute expiry counts, then the profile's default.
    ///
    /// # Errors
    ///
    /// A member that stands twice.
    pub(super) fn lifetime(&self, profile: &Profile, sent: Now) -> Result<Lifetime, Error> {
        let names = &profile.facts().names;
        let (mut stated, mut unreadable) = (None, None);
        if let Some((name, value)) = self.filled(names.expires_in)? {
            stated = duration(value, profile.facts().lifetime_unit);
            unreadable = stated.is_none().then_some(name);
        }
        if stated.is_none()
            && let Some((name, value)) = self.filled(names.expires_at)?
        {
            // An expiry far from now is of another unit, or a placeholder for none.
            let (first, last) =
                (sent.wall().saturating_sub(LONGEST_SKEW), sent.wall().saturating_add(CENTURY));
            let ends =
                instant(value, profile.facts().expiry_format).filter(|ends| (first..=last).contains(ends));
            stated = ends.map(|ends| ends.saturating_sub(sent.wall()));
            unreadable = unreadable.or(stated.is_none().then_some(name));
        }
        let value = stated.or(profile.facts().default_lifetime).unwrap_or(UNSTATED_LIFETIME);
        Ok(Lifetime { value: value.min(LONGEST_LIFETIME), unreadable })
    }

    /// A duration that something sensible can take the place of: `None` if it is absent or cannot be read.
    pub(super) fn duration(&self, names: &[&'static str], unit: LifetimeUnit) -> Option<Duration> {
        let (_, value) = self.find(names).ok()??;
        duration(value, unit).map(|duration| duration.min(LONGEST_LIFETIME))
    }
}

/// Reads a duration that comes as a number or as a string of digits, either of them with a fraction (RFC 6749 appendix
/// A.14, and what servers make of it). `None` if it is negative, not a number, or beyond what 64 bits hold.
fn duration(value: &Value, unit: LifetimeUnit) -> Option<Duration> {
    match number(value)? {
        Number::Whole(count) => Some(unit.of(count)),
        Number::Float(count) => unit.of_fraction(count),
    }
}

/// Reads a point in time, as the time since the Unix epoch.
fn instant(value: &Value, format: ExpiryFormat) -> Option<Duration> {
    match format {
        ExpiryFormat::UnixSeconds => duration(value, LifetimeUnit::Seconds),
        ExpiryFormat::UnixMilliseconds => duration(value, LifetimeUnit::Milliseconds),
        ExpiryFormat::Date => date(value.as_str()?.trim()),
    }
}

/// Reads a date and a time, as the time since the Unix epoch; one before it counts as the epoch.
fn date(text: &str) -> Option<Duration> {
    if let Ok(date) = httpdate::parse_http_date(text) {
        return date.duration_since(std::time::UNIX_EPOCH).ok();
    }
    // Ruby writes `2026-11-27 10:00:00 UTC`.
    let text = text.strip_suffix(" UTC").unwrap_or(text);
    let (day, time) = (text.get(..DAY)?, text.get(DAY..)?.strip_prefix(['T', 't', ' '])?);
    let text = format!("{day}T{time}");
    let read = |format: &str| {
        let with_offset = DateTime::parse_from_str(&text, &format!("{format}%#z")).map(|date| date.to_utc());
        with_offset.or_else(|_| NaiveDateTime::parse_from_str(&text, format).map(|date| date.and_utc()))
    };
    let date = read("%Y-%m-%dT%H:%M:%S%.f").or_else(|_| read("%Y-%m-%dT%H:%M")).ok()?;
    Some(date.signed_duration_since(DateTime::UNIX_EPOCH).to_std().unwrap_or_default())
}

enum Number {
    Whole(u64),
    Float(f64),
}

fn number(value: &Value) -> Option<Number> {
    match value {
        Value::Number(number) => {
            number.as_u64().map(Number::Whole).or_else(|| number.as_f64().map(Number::Float))
        }
        Value::String(text) => {
            let text = text.trim();
            text.parse().map(Number::Whole).or_else(|_| text.parse().map(Number::Float)).ok()
        }
        _ => None,
    }
}

/// The length of `2026-11-27`.
const DAY: usize = 10;

/// How long a token serves if nothing says how long it lives: until it is rejected, and at most this long.
const UNSTATED_LIFETIME: Duration = Duration::from_secs(3_600);

/// How far the clock of a server may be behind ours.
const LONGEST_SKEW: Duration = Duration::from_secs(7 * 86_400);

const CENTURY: Duration = Duration::from_secs(100 * 365 * 86_400);

/// No token is trusted for longer than a year, whatever its issuer says.
const LONGEST_LIFETIME: Duration = Duration::from_secs(365 * 86_400);
