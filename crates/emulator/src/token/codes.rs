//! Authorization codes: each is valid once, for ten minutes.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, SystemTime};

use super::challenge::Challenge;
use super::targets::Targets;

/// RFC 6749 section 4.1.2 recommends ten minutes at most.
pub(crate) const CODE_LIFETIME: Duration = Duration::from_secs(10 * 60);

#[derive(Default)]
pub(crate) struct Codes(HashMap<String, Record>);

/// The approval by a person, which the client redeems with the code.
#[derive(Clone)]
pub(crate) struct Approval {
    /// The `redirect_uri` parameter of the request. `None` if it was left out.
    pub(crate) redirect: Option<String>,
    pub(crate) challenge: Option<Challenge>,
    pub(crate) scope: String,
    pub(crate) targets: Targets,
    /// The person who signed in.
    pub(crate) principal: String,
}

struct Record {
    approval: Approval,
    expires: Option<SystemTime>,
    used: bool,
    /// The family that was started with the code.
    family: Option<u64>,
}

/// The reason why a code is refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BadCode {
    Unknown,
    Expired,
    /// The code was used before, and started this family.
    Used(Option<u64>),
}

impl BadCode {
    pub(crate) fn description(&self) -> &'static str {
        match self {
            Self::Unknown => "the code is unknown",
            Self::Expired => "the code has expired",
            Self::Used(_) => "the code was used before; its tokens are now revoked",
        }
    }
}

impl Codes {
    pub(crate) fn enter(&mut self, code: String, approval: Approval, now: SystemTime) {
        let expires = now.checked_add(CODE_LIFETIME);
        self.0.insert(code, Record { approval, expires, used: false, family: None });
    }

    /// Takes a code. This uses the code up even if the request turns out to be wrong, so that a client cannot guess
    /// twice.
    pub(crate) fn take(&mut self, code: &str, now: SystemTime) -> Result<Approval, BadCode> {
        let record = self.0.get_mut(code).ok_or(BadCode::Unknown)?;
        if record.used {
            return Err(BadCode::Used(record.family));
        }
        // The code is marked before its expiry is checked, so an expired code that comes twice also counts as a replay.
        record.used = true;
        match record.expires.is_some_and(|expires| expires <= now) {
            true => Err(BadCode::Expired),
            false => Ok(record.approval.clone()),
        }
    }

    /// Records the family that a code started.
    pub(crate) fn gave(&mut self, code: &str, family: u64) {
        if let Some(record) = self.0.get_mut(code) {
            record.family = Some(family);
        }
    }
}

impl fmt::Debug for Codes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Codes").field("issued", &self.0.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{Approval, BadCode, CODE_LIFETIME, Codes, Targets};

    #[test]
    fn a_code_is_good_once_and_for_ten_minutes() {
        let start = SystemTime::UNIX_EPOCH;
        let approval = Approval {
            redirect: None,
            challenge: None,
            scope: String::new(),
            targets: Targets::default(),
            principal: String::new(),
        };
        let mut codes = Codes::default();
        codes.enter("a".to_owned(), approval.clone(), start);
        codes.enter("b".to_owned(), approval, start);
        assert!(codes.take("a", start + CODE_LIFETIME - Duration::from_nanos(1)).is_ok());
        assert_eq!(codes.take("a", start).err(), Some(BadCode::Used(None)));
        codes.gave("a", 7);
        assert_eq!(codes.take("a", start).err(), Some(BadCode::Used(Some(7))));
        assert_eq!(codes.take("b", start + CODE_LIFETIME).err(), Some(BadCode::Expired));
        assert_eq!(codes.take("c", start).err(), Some(BadCode::Unknown));
    }
}
