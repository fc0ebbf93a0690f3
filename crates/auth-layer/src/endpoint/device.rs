//! Reads the answer of a device authorization endpoint.

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
    /// The lifetime of the codes, counted from `sent`.
    pub(crate) lifetime: Duration,
    pub(crate) interval: Duration,
    /// The time at which the request was sent.
    pub(crate) sent: Now,
}

impl DeviceAnswer {
    /// Reads the codes by the profile's names.
    ///
    /// A duration that cannot be read gets its default. An error would lose the codes, which are issued only once.
    pub(super) fn read(members: &Members, profile: &Profile, sent: Now) -> Result<Self, Error> {
        let names = profile.device_names();
        let user_code = members.required(&names.user_code, "user_code")?;
        // A control character could forge the output of the terminal that shows the code.
        if user_code.chars().any(char::is_control) {
            return Err(invalid("the answer's user_code has a control character and cannot be shown"));
        }
        let verification_uri = members.required(&names.verification_uri, "verification_uri")?;
        if !can_be_opened(verification_uri) {
            return Err(invalid("the answer's verification_uri is not a URL with https or on loopback"));
        }
        // The sign-in works without this URL, so that one which cannot be opened counts as absent.
        let complete = members.aside(&names.verification_uri_complete).filter(|uri| can_be_opened(uri));
        let interval = members.duration(&names.interval, LifetimeUnit::Seconds).unwrap_or(INTERVAL);
        Ok(Self {
            device_code: Secret::new(members.required(&names.device_code, "device_code")?),
            user_code: Secret::new(user_code),
            verification_uri: verification_uri.to_owned(),
            verification_uri_complete: complete.map(Secret::new),
            lifetime: members.duration(&names.expires_in, LifetimeUnit::Seconds).unwrap_or(LIFETIME),
            interval: interval.max(SHORTEST_INTERVAL),
            sent,
        })
    }
}

/// Returns whether a browser may open `uri` and a terminal can show it.
fn can_be_opened(uri: &str) -> bool {
    let parsed: Result<Uri, _> = uri.parse();
    uri.bytes().all(|byte| byte.is_ascii_graphic()) && parsed.is_ok_and(|uri| Origin::of(&uri).is_ok())
}

/// The lifetime of codes if the server names none. Most servers use 15 minutes. If the codes expire earlier, the server
/// ends the polling with `expired_token` (RFC 8628 section 3.5).
const LIFETIME: Duration = Duration::from_secs(900);

/// The interval if the server names none, or one that cannot be read (RFC 8628 section 3.2).
const INTERVAL: Duration = Duration::from_secs(5);

/// The shortest interval, whatever the server names: a client that does not wait would flood the server.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);
