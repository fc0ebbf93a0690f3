//! Reads the lifetime of a token from its answer.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime};
use serde_json::Value;

use super::members::Members;
use crate::clock::Now;
use crate::error::Error;
use crate::profile::{ExpiryFormat, LifetimeUnit, Profile};

/// The lifetime of a token.
pub(super) struct Lifetime<'p> {
    pub(super) value: Duration,
    /// The member that has a lifetime or an expiry but could not be read.
    pub(super) unreadable: Option<&'p str>,
}

impl Members {
    /// Reads the lifetime of the token, counted from the time at which its request was sent.
    ///
    /// The sources, in this order: the lifetime, the absolute expiry, the profile's default. A value that cannot be
    /// read counts as absent.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::InvalidAnswer`](crate::ErrorKind::InvalidAnswer) if a member comes twice.
    pub(super) fn lifetime<'p>(&self, profile: &'p Profile, sent: Now) -> Result<Lifetime<'p>, Error> {
        let names = &profile.facts().names;
        let (mut stated, mut unreadable) = (None, None);
        if let Some((name, value)) = self.filled(&names.expires_in)? {
            stated = duration(value, profile.facts().lifetime_unit);
            unreadable = stated.is_none().then_some(name);
        }
        if stated.is_none()
            && let Some((name, value)) = self.filled(&names.expires_at)?
        {
            // An expiry far from now has another unit, or is a placeholder for "never".
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

    /// Reads a duration for which the caller has a default. `None` if it is absent or cannot be read.
    pub(super) fn duration<N: AsRef<str>>(&self, names: &[N], unit: LifetimeUnit) -> Option<Duration> {
        let (_, value) = self.find(names).ok()??;
        duration(value, unit).map(|duration| duration.min(LONGEST_LIFETIME))
    }

    /// Reads the lifetime of a refresh token. `None` if it is absent or cannot be read, or is 0, which some servers
    /// state for a token without an end.
    pub(super) fn long_duration<N: AsRef<str>>(&self, names: &[N], unit: LifetimeUnit) -> Option<Duration> {
        let (_, value) = self.find(names).ok()??;
        duration(value, unit).filter(|duration| !duration.is_zero()).map(|duration| duration.min(CENTURY))
    }
}

/// Reads a duration. It is a number (RFC 6749 appendix A.14) or, as some servers write it, a string with a number. Both
/// may have a fraction. `None` if it is negative, not a number, or too large for 64 bits.
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

/// Reads a date and a time, as the time since the Unix epoch. A time before the epoch counts as the epoch.
fn date(text: &str) -> Option<Duration> {
    if let Ok(date) = httpdate::parse_http_date(text) {
        return date.duration_since(std::time::UNIX_EPOCH).ok();
    }
    // Ruby writes `2026-11-27 10:00:00 UTC`.
    let text = text.strip_suffix(" UTC").unwrap_or(text);
    let (day, time) = (text.get(..DAY)?, text.get(DAY..)?.strip_prefix(['T', 't', ' '])?);
    let text = format!("{day}T{time}");
    // A time without an offset is in UTC: no server can know the time zone of its clients.
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

/// The length of a date such as `2026-11-27`.
const DAY: usize = 10;

/// The lifetime of a token if neither the answer nor the profile has one. The token is renewed earlier if it is
/// rejected.
const UNSTATED_LIFETIME: Duration = Duration::from_secs(3_600);

/// The longest time by which the clock of a server may be behind ours.
const LONGEST_SKEW: Duration = Duration::from_secs(7 * 86_400);

/// A later expiry was written in milliseconds but read as seconds, or is a placeholder for "never".
const CENTURY: Duration = Duration::from_secs(100 * 365 * 86_400);

/// The longest lifetime that is used. A longer one is cut to a year.
const LONGEST_LIFETIME: Duration = Duration::from_secs(365 * 86_400);
