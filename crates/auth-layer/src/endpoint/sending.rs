//! `Sending`: how a request is sent, by what sending it may use up.

use super::request::Parameter;

/// How a request is sent, by what sending it may use up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sending {
    /// It uses nothing up. It is sent again if its connection ended before the answer began.
    Repeatable,
    /// It is not sent again as it is, but the caller may make another one like it.
    Remade,
    /// It may use up something that cannot be had again. It is sent once, on a connection of its own.
    Once,
}

/// Whether it holds what asking may use up: that is written in one way, whatever the server says of it (RFC 6749
/// section 4.1.2 for a code, RFC 9700 section 4.14.2 for a refresh token).
pub(super) fn is_sent_once(grant: &[Parameter<'_>]) -> bool {
    is_given_once(grant) || grant.iter().any(|(name, _)| *name == "assertion")
}

/// Whether it holds what was given for one use and cannot be had again. Another assertion can be made.
pub(super) fn is_given_once(grant: &[Parameter<'_>]) -> bool {
    grant.iter().any(|(name, _)| GIVEN_ONCE.contains(name))
}

/// The parameters that a server or a person gives for one use.
const GIVEN_ONCE: [&str; 3] = ["code", "refresh_token", "device_code"];
