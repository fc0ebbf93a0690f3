//! The two accounts of the events: the client's and the provider's.

use std::ops::Sub;

use emulator::Counters;

/// The client's account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) calls: u64,
    /// Calls that returned no value.
    pub(crate) lost: u64,
    pub(crate) token_requests: u64,
    /// Token requests that returned no token.
    pub(crate) failures: u64,
    /// Answers that rejected the token.
    pub(crate) rejections: u64,
    /// Calls that were sent again with another token.
    pub(crate) resends: u64,
}

impl Account {
    pub(crate) const fn tokens(&self) -> u64 {
        self.token_requests.saturating_sub(self.failures)
    }

    /// Returns what the provider must have seen if this account is true.
    pub(crate) const fn as_seen(&self) -> Seen {
        Seen {
            token_requests: self.token_requests,
            tokens: self.tokens(),
            // The provider sees a resend as another call.
            calls: self.calls + self.resends,
            served: self.calls - self.lost,
            rejected: self.rejections,
            double_authorization: 0,
        }
    }
}

impl Sub for Account {
    type Output = Self;

    /// Returns what happened between two accounts.
    fn sub(self, earlier: Self) -> Self {
        Self {
            calls: self.calls - earlier.calls,
            lost: self.lost - earlier.lost,
            token_requests: self.token_requests - earlier.token_requests,
            failures: self.failures - earlier.failures,
            rejections: self.rejections - earlier.rejections,
            resends: self.resends - earlier.resends,
        }
    }
}

/// The provider's account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) token_requests: u64,
    pub(crate) tokens: u64,
    pub(crate) calls: u64,
    pub(crate) served: u64,
    pub(crate) rejected: u64,
    /// Requests with more than one `Authorization` header.
    pub(crate) double_authorization: u64,
}

impl From<&Counters> for Seen {
    fn from(counters: &Counters) -> Self {
        Self {
            token_requests: counters.token_requests,
            tokens: counters.tokens_issued,
            calls: counters.api_calls,
            served: counters.api_served,
            rejected: counters.api_rejected(),
            double_authorization: counters.double_authorization,
        }
    }
}
