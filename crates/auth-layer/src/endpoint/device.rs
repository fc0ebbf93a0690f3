//! Reads what a device authorization endpoint answers.

use std::time::Duration;

use http::Uri;

use super::members::{Members, invalid};
use crate::clock::Now;
use crate::error::Error;
use crate::profile::{LifetimeUnit, Origin, Profile};
use crate::secret::Secret;

/// The codes of one device (RFC 8628 section 3.2).
pub(crate) struct DeviceAnswer {
    pub(crate) device_code: Secret,
    pub(crate) user_code: Secret,
    pub(crate) verification_uri: String,
    pub(crate) verification_uri_complete: Option<Secret>,
    /// Counted from `sent`.
    pub(crate) lifetime: Duration,
    pub(crate) interval: Duration,
    /// When the request was sent.
    pub(crate) sent: Now,
}

impl DeviceAnswer {
    /// Reads the codes by the profile's names. They are given out once, so that a duration that cannot be read costs
    /// nothing but its own value.
    pub(super) fn read(members: &Members, profile: &Profile, sent: Now) -> Result<Self, Error> {
        let names = profile.device_names();
        let user_code = members.required(names.user_code, "user_code")?;
        if user_code.chars().any(char::is_control) {
            return Err(invalid("the answer's user_code cannot be shown"));
        }
        let verification_uri = members.required(names.verification_uri, "verification_uri")?;
        if !can_be_opened(verification_uri) {
            return Err(invalid("the answer's verification_uri is neither https nor loopback"));
        }
        // It is there for convenience alone: one that cannot be opened counts as absent.
        let complete = members.aside(names.verification_uri_complete).filter(|uri| can_be_opened(uri));
        let interval = members.duration(names.interval, LifetimeUnit::Seconds).unwrap_or(INTERVAL);
        Ok(Self {
            device_code: Secret::new(members.required(names.device_code, "device_code")?),
            user_code: Secret::new(user_code),
            verification_uri: verification_uri.to_owned(),
            verification_uri_complete: complete.map(Secret::new),
            lifetime: members.duration(names.expires_in, LifetimeUnit::Seconds).unwrap_or(LIFETIME),
            interval: interval.max(SHORTEST_INTERVAL),
            sent,
        })
    }
}

/// Whether a browser may be sent there, and a terminal can show it.
fn can_be_opened(uri: &str) -> bool {
    let parsed: Result<Uri, _> = uri.parse();
    uri.bytes().all(|byte| byte.is_ascii_graphic()) && parsed.is_ok_and(|uri| Origin::of(&uri).is_ok())
}

/// How long codes count as good if the server does not say. Most servers give them 15 minutes; a server that gave them
/// less ends the polling itself, with `expired_token` (RFC 8628 section 3.5).
const LIFETIME: Duration = Duration::from_secs(900);

/// RFC 8628 section 3.2, where the server names no interval, or one that cannot be read.
const INTERVAL: Duration = Duration::from_secs(5);

/// Whatever the server says: a client that never waits is a flood.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);
