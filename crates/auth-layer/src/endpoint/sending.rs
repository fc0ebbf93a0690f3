//! `Sending`: the rule for sending a request a second time.

use super::parameter::Parameter;

/// The rule for sending a request a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sending {
    /// The request uses nothing up. It is sent again if its connection ended before the answer began.
    Repeatable,
    /// The same request is not sent again, but the caller may make a new one with fresh secrets.
    Remade,
    /// The request may use up a parameter that cannot be replaced. It is sent once, on a new connection.
    Once,
}

/// Returns whether a request with these parameters may use one of them up. Such a request is never repeated in the
/// other encoding (RFC 6749 section 4.1.2 for a code, RFC 9700 section 4.14.2 for a refresh token).
pub(super) fn is_sent_once(grant: &[Parameter<'_>]) -> bool {
    is_given_once(grant) || grant.iter().any(|(name, _)| *name == "assertion")
}

/// Returns whether a parameter was issued for one use and cannot be replaced. An assertion can be replaced: the client
/// makes a new one.
pub(super) fn is_given_once(grant: &[Parameter<'_>]) -> bool {
    grant.iter().any(|(name, _)| GIVEN_ONCE.contains(name))
}

/// The parameters that a server issues for one use.
const GIVEN_ONCE: [&str; 3] = ["code", "refresh_token", "device_code"];
