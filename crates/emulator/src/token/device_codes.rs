//! Device codes (RFC 8628): a device polls until a person has typed the user code and decided.

use std::fmt;
use std::time::{Duration, SystemTime};

use super::targets::Targets;

/// The time in which a person can type the user code.
pub(crate) const DEVICE_CODE_LIFETIME: Duration = Duration::from_secs(15 * 60);

/// The pause between two polls. After each poll that came too soon, it grows by the same amount.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_secs(5);

#[derive(Default)]
pub(crate) struct DeviceCodes(Vec<Record>);

struct Record {
    device_code: String,
    user_code: String,
    scope: String,
    targets: Targets,
    expires: Option<SystemTime>,
    interval: Duration,
    last_poll: Option<SystemTime>,
    state: State,
}

enum State {
    Pending,
    Allowed(String),
    Denied,
    Used,
}

/// The result of a poll.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Poll {
    Unknown,
    Expired,
    Pending,
    TooSoon,
    Denied,
    Allowed { scope: String, targets: Targets, principal: String },
}

impl DeviceCodes {
    pub(crate) fn enter(
        &mut self,
        device_code: String,
        user_code: String,
        scope: String,
        targets: Targets,
        now: SystemTime,
    ) {
        self.0.push(Record {
            device_code,
            user_code,
            scope,
            targets,
            expires: now.checked_add(DEVICE_CODE_LIFETIME),
            interval: POLL_INTERVAL,
            last_poll: None,
            state: State::Pending,
        });
    }

    /// Returns the scope of a user code, if no person has decided about it yet.
    pub(crate) fn waiting(&self, user_code: &str, now: SystemTime) -> Option<&str> {
        let record = self.0.iter().find(|record| record.waits_for(user_code, now))?;
        Some(&record.scope)
    }

    /// Approves the device on behalf of `principal`, or denies it for `None`. Returns whether it was waiting.
    pub(crate) fn decide(&mut self, user_code: &str, principal: Option<&str>, now: SystemTime) -> bool {
        let Some(record) = self.0.iter_mut().find(|record| record.waits_for(user_code, now)) else {
            return false;
        };
        record.state = match principal {
            Some(principal) => State::Allowed(principal.to_owned()),
            None => State::Denied,
        };
        true
    }

    /// Handles one poll of the device. If the person has decided, the poll uses the code up.
    pub(crate) fn poll(&mut self, device_code: &str, now: SystemTime) -> Poll {
        let found = self.0.iter_mut().find(|record| record.device_code == device_code);
        found.map_or(Poll::Unknown, |record| record.poll(now))
    }
}

impl Record {
    fn has_expired(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    fn waits_for(&self, user_code: &str, now: SystemTime) -> bool {
        let is_open = matches!(self.state, State::Pending) && !self.has_expired(now);
        is_open && plain(&self.user_code) == plain(user_code)
    }

    fn poll(&mut self, now: SystemTime) -> Poll {
        // A used code is reported as unknown even after its expiry, so that a device never gets two answers.
        if matches!(self.state, State::Used) {
            return Poll::Unknown;
        }
        if self.has_expired(now) {
            return Poll::Expired;
        }
        if matches!(self.state, State::Pending) {
            return self.keep_waiting(now);
        }
        // A denial uses the code up as well, so a later poll cannot become an approval.
        match std::mem::replace(&mut self.state, State::Used) {
            State::Allowed(principal) => {
                Poll::Allowed { scope: self.scope.clone(), targets: self.targets.clone(), principal }
            }
            _ => Poll::Denied,
        }
    }

    fn keep_waiting(&mut self, now: SystemTime) -> Poll {
        // A poll that came too soon also counts as the last poll, so a device that ignores `slow_down` gets it each
        // time.
        let last = self.last_poll.replace(now);
        let is_soon = last.is_some_and(|last| now.duration_since(last).unwrap_or_default() < self.interval);
        if !is_soon {
            return Poll::Pending;
        }
        // RFC 8628 section 3.5: the interval grows for this and all later polls.
        self.interval = self.interval.saturating_add(POLL_INTERVAL);
        Poll::TooSoon
    }
}

/// Returns a user code without its dash and in upper case, because people type both forms.
fn plain(user_code: &str) -> String {
    user_code.chars().filter(char::is_ascii_alphanumeric).map(|typed| typed.to_ascii_uppercase()).collect()
}

impl fmt::Debug for DeviceCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceCodes").field("issued", &self.0.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{DEVICE_CODE_LIFETIME, DeviceCodes, Poll, Targets};

    #[test]
    fn a_device_that_polls_too_soon_has_to_wait_longer() {
        let mut codes = DeviceCodes::default();
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        codes.enter("d".to_owned(), "BCDF-GHJK".to_owned(), String::new(), Targets::default(), at(0));
        let polls = [(0, Poll::Pending), (5, Poll::Pending), (9, Poll::TooSoon), (14, Poll::TooSoon)];
        for (seconds, expected) in polls {
            assert_eq!(codes.poll("d", at(seconds)), expected, "{seconds}");
        }
        assert_eq!(codes.poll("d", at(28)), Poll::TooSoon);
        assert_eq!(codes.poll("d", at(48)), Poll::Pending);
    }

    #[test]
    fn a_user_code_is_read_as_it_is_typed_and_decided_once() {
        let mut codes = DeviceCodes::default();
        let now = SystemTime::UNIX_EPOCH;
        codes.enter("d".to_owned(), "BCDF-GHJK".to_owned(), "s".to_owned(), Targets::default(), now);
        assert!(!codes.decide("BCDF-GHJL", Some("a"), now));
        assert_eq!(codes.waiting("bcdf ghjk", now), Some("s"));
        assert!(codes.decide("bcdfghjk", Some("a"), now));
        assert!(!codes.decide("bcdfghjk", None, now));
        let allowed =
            Poll::Allowed { scope: "s".to_owned(), targets: Targets::default(), principal: "a".to_owned() };
        assert_eq!(codes.poll("d", now), allowed);
        assert_eq!(codes.poll("d", now), Poll::Unknown);
    }

    #[test]
    fn a_code_expires_for_the_device_and_for_the_person() {
        let mut codes = DeviceCodes::default();
        let now = SystemTime::UNIX_EPOCH;
        codes.enter("d".to_owned(), "BCDF-GHJK".to_owned(), String::new(), Targets::default(), now);
        let late = now + DEVICE_CODE_LIFETIME;
        assert_eq!(codes.waiting("BCDF-GHJK", late), None);
        assert!(!codes.decide("BCDF-GHJK", None, late));
        assert_eq!(codes.poll("d", late), Poll::Expired);
    }
}
