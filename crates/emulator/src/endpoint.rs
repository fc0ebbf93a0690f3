//! Which of a site's hosts is meant, and at the auth host which half.

/// One of the two hosts of a site; the auth host has two halves, so that a browser's visit meets no token fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// The auth host, where the token endpoint is.
    Token,
    /// What else the auth host serves for sign-ins.
    ///
    /// It has operations: `authorize` (GoTo's page and GoTab's), `metadata`, `openidConfiguration`, `revoke`,
    /// `deviceAuthorization` and `devicePage`.
    SignIn,
    /// The API host.
    Api,
}
