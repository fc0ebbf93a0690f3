//! The access tokens of one site, each with its audience, its expiry and its state.

use std::collections::HashMap;
use std::fmt;
use std::time::SystemTime;

/// The operations that accept a token. Only GBG GO distinguishes the last two from the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// The customer's own backend. The token endpoint issues this kind.
    Customer,
    /// An end user in one journey. Connecting a device issues this kind.
    EndUser,
    /// A device that is about to connect.
    Device,
}

/// The state of a token that was sent.
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
    /// `None` if the requested lifetime ends after the last representable time.
    expires: Option<SystemTime>,
    /// The sign-in to which the token belongs, if there is one.
    family: Option<u64>,
    ended: Option<Standing>,
}

impl AccessTokens {
    /// Adds a token and returns its ordinal, from 1.
    pub(crate) fn enter(&mut self, value: String, audience: Audience, expires: Option<SystemTime>) -> u64 {
        self.records.push(Record { audience, expires, family: None, ended: None });
        let ordinal = self.records.len() as u64;
        self.ordinals.insert(value, ordinal);
        ordinal
    }

    /// Sets the sign-in to which a token belongs.
    pub(crate) fn set_family(&mut self, ordinal: u64, family: u64) {
        if let Some(record) = index(ordinal).and_then(|at| self.records.get_mut(at)) {
            record.family = Some(family);
        }
    }

    /// Returns the ordinal and state of a token, or `None` if this site never issued it.
    pub(crate) fn look_up(&self, value: &str, now: SystemTime) -> Option<(u64, Standing)> {
        let ordinal = *self.ordinals.get(value)?;
        let record = self.records.get(index(ordinal)?)?;
        let standing = match record.ended {
            // A revoked token stays revoked after its expiry, so a test sees the reason that it caused.
            Some(ended) => ended,
            None if record.expires.is_some_and(|expires| expires <= now) => Standing::Expired,
            None => Standing::Good(record.audience),
        };
        Some((ordinal, standing))
    }

    /// Ends every token. Tokens that have already ended keep their reason.
    pub(crate) fn end_all(&mut self, how: Standing) {
        for record in &mut self.records {
            record.ended.get_or_insert(how);
        }
    }

    /// Ends the tokens of one sign-in.
    pub(crate) fn end_family(&mut self, family: u64, how: Standing) {
        for record in self.records.iter_mut().filter(|record| record.family == Some(family)) {
            record.ended.get_or_insert(how);
        }
    }

    /// Ends one token. Returns whether there is such a token.
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
