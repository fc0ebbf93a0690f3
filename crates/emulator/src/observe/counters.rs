//! The counters of a site.

use std::collections::BTreeMap;

use super::reasons::{Rejection, TokenRefusal};

/// The counters of one site since its start or the last reset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Requests that reached the auth host, including those that met a fault. Those in `sign_in_requests` are not
    /// counted here.
    pub token_requests: u64,
    /// Tokens issued by the token endpoint, including those whose answer was then spoiled by a fault.
    pub tokens_issued: u64,
    /// Of these, the tokens issued for a refresh token.
    pub refreshes: u64,
    /// Refresh tokens replaced by a new one.
    pub rotations: u64,
    /// Refresh tokens that were sent again after they had been replaced, including those allowed by the grace period.
    pub replays: u64,
    /// Of these, the ones that revoked a whole family of tokens.
    pub families_killed: u64,
    /// Requests for sign-ins at the auth host: pages, metadata, revocation, device codes.
    pub sign_in_requests: u64,
    /// Authorization codes issued, by a page or by [`Site::approve`](crate::Site::approve).
    pub codes_issued: u64,
    /// Authorization codes exchanged for tokens.
    pub codes_redeemed: u64,
    /// Authorization codes that were sent again after they had been used.
    pub code_replays: u64,
    /// Device codes issued.
    pub device_codes_issued: u64,
    /// Device codes exchanged for tokens.
    pub device_codes_redeemed: u64,
    /// Revocation requests that were accepted.
    pub revocations: u64,
    /// Of these, the ones that named a token which was valid until then.
    pub tokens_revoked: u64,
    /// Requests refused with an error of a token endpoint, by reason. These are requests for tokens, revocations and
    /// device codes, and any other POST to the auth host without a length.
    pub token_refusals: BTreeMap<TokenRefusal, u64>,
    /// Requests that reached the API host, including those that met a fault.
    pub api_calls: u64,
    /// API calls that were served.
    pub api_served: u64,
    /// API calls that were refused, by reason.
    pub api_rejections: BTreeMap<Rejection, u64>,
    /// Requests to either host with more than one `Authorization` header.
    pub double_authorization: u64,
    /// API calls by operation, served or not.
    ///
    /// Requests for sign-ins are included, under the names listed at [`Endpoint::SignIn`](crate::Endpoint::SignIn).
    pub operations: BTreeMap<String, u64>,
    /// Faults played, at either host.
    pub faults_played: u64,
    /// The largest number of token requests that were in progress at once.
    pub max_concurrent_token_requests: u64,
    /// The largest number of API calls that were in progress at once.
    pub max_concurrent_api_calls: u64,
}

impl Counters {
    /// Returns how many token requests were refused, for any reason.
    #[must_use]
    pub fn token_refused(&self) -> u64 {
        self.token_refusals.values().sum()
    }

    /// Returns how many API calls were refused, for any reason.
    #[must_use]
    pub fn api_rejected(&self) -> u64 {
        self.api_rejections.values().sum()
    }

    /// Returns how many requests to either host were refused for how they were sent: chunked, without a length or
    /// without a `User-Agent`.
    #[must_use]
    pub fn badly_sent(&self) -> u64 {
        let refused = |reason| self.token_refusals.get(&reason).copied().unwrap_or_default();
        let rejected = |reason| self.api_rejections.get(&reason).copied().unwrap_or_default();
        [TokenRefusal::Chunked, TokenRefusal::NoLength, TokenRefusal::NoUserAgent]
            .map(refused)
            .iter()
            .sum::<u64>()
            + [Rejection::NoLength, Rejection::NoUserAgent].map(rejected).iter().sum::<u64>()
    }

    pub(crate) fn refuse(&mut self, reason: TokenRefusal) {
        *self.token_refusals.entry(reason).or_default() += 1;
    }

    pub(crate) fn reject(&mut self, reason: Rejection) {
        *self.api_rejections.entry(reason).or_default() += 1;
    }

    pub(crate) fn meant_for(&mut self, operation_id: &str) {
        *self.operations.entry(operation_id.to_owned()).or_default() += 1;
    }
}
