//! The access tokens of one site: who they are for, until when, and whether they were taken back.

use std::collections::HashMap;
use std::fmt;
use std::time::SystemTime;

/// What a token may be shown to. Only GBG GO tells the last two from the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// The customer's own backend: what the token endpoint gives.
    Customer,
    /// An end user in one journey: what connecting a device gives.
    EndUser,
    /// A device about to connect.
    Device,
}

/// How a token that was shown stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Good(Audience),
    Expired,
    Revoked,
}

#[derive(Default)]
pub(crate) struct AccessTokens {
    records: Vec<Record>,
    ordinals: HashMap<String, u64>,
}

#[derive(Clone, Copy)]
struct Record {
    audience: Audience,
    /// `None` where the lifetime asked for reaches past the end of time.
    expires: Option<SystemTime>,
    /// The sign-in it comes from, where there was one.
    family: Option<u64>,
    ended: Option<Standing>,
}

impl AccessTokens {
    /// Enters a token and gives its ordinal, from 1.
    pub(crate) fn enter(&mut self, value: String, audience: Audience, expires: Option<SystemTime>) -> u64 {
        self.records.push(Record { audience, expires, family: None, ended: None });
        let ordinal = self.records.len() as u64;
        self.ordinals.insert(value, ordinal);
        ordinal
    }

    /// Says which sign-in a token comes from.
    pub(crate) fn set_family(&mut self, ordinal: u64, family: u64) {
        if let Some(record) = index(ordinal).and_then(|at| self.records.get_mut(at)) {
            record.family = Some(family);
        }
    }

    /// The ordinal and standing of a token, or `None` if this site never gave it out.
    pub(crate) fn look_up(&self, value: &str, now: SystemTime) -> Option<(u64, Standing)> {
        let ordinal = *self.ordinals.get(value)?;
        let record = self.records.get(index(ordinal)?)?;
        let standing = match record.ended {
            Some(ended) => ended,
            None if record.expires.is_some_and(|expires| expires <= now) => Standing::Expired,
            None => Standing::Good(record.audience),
        };
        Some((ordinal, standing))
    }

    /// Ends every token there is; those that have ended already keep their reason.
    pub(crate) fn end_all(&mut self, how: Standing) {
        for record in &mut self.records {
            record.ended.get_or_insert(how);
        }
    }

    /// Ends the tokens that come from one sign-in.
    pub(crate) fn end_family(&mut self, family: u64, how: Standing) {
        for record in self.records.iter_mut().filter(|record| record.family == Some(family)) {
            record.ended.get_or_insert(how);
        }
    }

    /// Ends one token; says whether there is such a token.
    pub(crate) fn end(&mut self, ordinal: u64, how: Standing) -> bool {
        let record = index(ordinal).and_then(|at| self.records.get_mut(at));
        if let Some(record) = record {
            record.ended.get_or_insert(how);
            return true;
        }
        false
    }
}

impl fmt::Debug for AccessTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessTokens").field("issued", &self.records.len()).finish_non_exhaustive()
    }
}

fn index(ordinal: u64) -> Option<usize> {
    usize::try_from(ordinal.checked_sub(1)?).ok()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{AccessTokens, Audience, Standing};

    #[test]
    fn a_token_expires_on_the_second_and_keeps_its_first_end() {
        let start = SystemTime::UNIX_EPOCH;
        let end = start + Duration::from_secs(10);
        let mut tokens = AccessTokens::default();
        assert_eq!(tokens.enter("t".to_owned(), Audience::Customer, Some(end)), 1);
        let good = Some((1, Standing::Good(Audience::Customer)));
        assert_eq!(tokens.look_up("t", end - Duration::from_nanos(1)), good);
        assert_eq!(tokens.look_up("t", end), Some((1, Standing::Expired)));
        tokens.end_all(Standing::Revoked);
        tokens.end_all(Standing::Expired);
        assert_eq!(tokens.look_up("t", start), Some((1, Standing::Revoked)));
        assert_eq!(tokens.look_up("other", start), None);
        assert!(!tokens.end(0, Standing::Revoked));
        assert!(!tokens.end(2, Standing::Revoked));
    }
}
