//! Reads what a device authorization endpoint answers.

use std::time::Duration;

use http::Uri;

use super::response::{Members, invalid};
use crate::clock::Now;
use crate::error::Error;
use crate::profile::Origin;
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
    pub(super) fn read(members: &Members, sent: Now) -> Result<Self, Error> {
        let text = |name: &'static str| {
            let text = members.text(&[name])?.filter(|text| !text.is_empty());
            text.ok_or_else(|| invalid(format!("the answer has no {name}")))
        };
        let user_code = text("user_code")?;
        if user_code.chars().any(char::is_control) {
            return Err(invalid("the answer's user_code cannot be shown"));
        }
        let verification_uri = text("verification_uri")?;
        if !can_be_opened(verification_uri) {
            return Err(invalid("the answer's verification_uri is neither https nor loopback"));
        }
        // It is there for convenience alone: one that cannot be opened is as good as none.
        let complete = members.text(&["verification_uri_complete"])?.filter(|uri| can_be_opened(uri));
        let lifetime = members.seconds("expires_in")?;
        let lifetime = lifetime.ok_or_else(|| invalid("the answer has no expires_in"))?;
        let interval = members.seconds("interval")?.unwrap_or(INTERVAL);
        Ok(Self {
            device_code: Secret::new(text("device_code")?),
            user_code: Secret::new(user_code),
            verification_uri: verification_uri.to_owned(),
            verification_uri_complete: complete.map(Secret::new),
            lifetime,
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

/// RFC 8628 section 3.2, where the server names no interval.
const INTERVAL: Duration = Duration::from_secs(5);

/// Whatever the server says: a client that never waits is a flood.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);
