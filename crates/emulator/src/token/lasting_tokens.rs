//! GoTab's refresh tokens: many at a time, valid until access is revoked.

use std::collections::HashMap;
use std::fmt;

use crate::random::Random;

#[derive(Default)]
pub(crate) struct LastingTokens {
    /// Each token with its family, which is one sign-in.
    families: HashMap<String, u64>,
    last_family: u64,
}

impl LastingTokens {
    /// Issues the token of a new family.
    pub(crate) fn start_family(&mut self, random: &mut Random) -> (u64, String) {
        let value = random.alphanumeric(LENGTH);
        self.last_family += 1;
        self.families.insert(value.clone(), self.last_family);
        (self.last_family, value)
    }

    pub(crate) fn family(&self, value: &str) -> Option<u64> {
        self.families.get(value).copied()
    }

    pub(crate) fn end_family(&mut self, family: u64) {
        self.families.retain(|_, other| *other != family);
    }

    pub(crate) fn revoke(&mut self) {
        self.families.clear();
    }
}

impl fmt::Debug for LastingTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LastingTokens").field("good", &self.families.len()).finish_non_exhaustive()
    }
}

/// The length of the refresh token in the documentation of the older token endpoint.
const LENGTH: usize = 64;
