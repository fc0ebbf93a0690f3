//! Sums over all that a site has seen.

use std::collections::BTreeMap;

use super::reasons::{Rejection, TokenRefusal};

/// How often what has happened at one site since it was started or last reset.
///
/// ```
/// # #[tokio::main] async fn main() -> std::io::Result<()> {
/// use emulator::{Emulator, Provider};
///
/// let emulator = Emulator::builder().start().await?;
/// assert_eq!(emulator.site(Provider::GoTo).counters().tokens_issued, 0);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Requests that reached the auth host, faults included, but for those counted by `sign_in_requests`.
    pub token_requests: u64,
    /// Tokens given out by the token endpoint, also those whose answer a fault then spoiled.
    pub tokens_issued: u64,
    /// Of these, the ones given for a refresh token.
    pub refreshes: u64,
    /// Refresh tokens replaced by a new one.
    pub rotations: u64,
    /// Refresh tokens that came again after they were rotated away, also those that grace excused.
    pub replays: u64,
    /// Of these, the ones that ended a whole family of tokens.
    pub families_killed: u64,
    /// Requests that reached what serves sign-ins at the auth host: pages, metadata, revocation, device codes.
    pub sign_in_requests: u64,
    /// Authorization codes given out, by a page or by [`Site::approve`](crate::Site::approve).
    pub codes_issued: u64,
    /// Authorization codes traded for tokens.
    pub codes_redeemed: u64,
    /// Authorization codes that came again after they were used up.
    pub code_replays: u64,
    /// Device codes given out.
    pub device_codes_issued: u64,
    /// Device codes traded for tokens.
    pub device_codes_redeemed: u64,
    /// Revocation requests that were accepted.
    pub revocations: u64,
    /// Of these, the ones that named a token which was good until then.
    pub tokens_revoked: u64,
    /// Requests refused in the words of a token endpoint, by reason: for tokens, revocations and device codes, and any
    /// other POST to the auth host that has no length.
    pub token_refusals: BTreeMap<TokenRefusal, u64>,
    /// Requests that reached the API host, faults included.
    pub api_calls: u64,
    /// API calls that were served.
    pub api_served: u64,
    /// API calls turned away, by reason.
    pub api_rejections: BTreeMap<Rejection, u64>,
    /// Requests, to either host, that carried more than one `Authorization` header.
    pub double_authorization: u64,
    /// API calls by the operation they were meant for, whether served or not.
    ///
    /// Requests that serve sign-ins are among them, by the names at [`Endpoint::SignIn`](crate::Endpoint::SignIn).
    pub operations: BTreeMap<String, u64>,
    /// Faults played, at either host.
    pub faults_played: u64,
    /// The most token requests that were under way at once.
    pub max_concurrent_token_requests: u64,
    /// The most API calls that were under way at once.
    pub max_concurrent_api_calls: u64,
}

impl Counters {
    /// How many token requests were refused, whatever the reason.
    #[must_use]
    pub fn token_refused(&self) -> u64 {
        self.token_refusals.values().sum()
    }

    /// How many API calls were turned away, whatever the reason.
    #[must_use]
    pub fn api_rejected(&self) -> u64 {
        self.api_rejections.values().sum()
    }

    /// How many requests, to either host, were refused for how they were sent: chunked, without a length or without a
    /// `User-Agent`.
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
