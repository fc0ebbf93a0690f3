//! The parts of a site.

/// A part of a site: one of the two halves of its auth host, or its API host. The halves have separate faults, so that
/// a fault for the token endpoint does not hit a browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// The token endpoint at the auth host.
    Token,
    /// The rest of the auth host, which serves sign-ins.
    ///
    /// Its operations are `authorize` (the pages of GoTo and GoTab), `metadata`, `openidConfiguration`, `revoke`,
    /// `deviceAuthorization` and `devicePage`.
    SignIn,
    /// The API host.
    Api,
}
