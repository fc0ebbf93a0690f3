//! Which of a site's two hosts is meant.

/// One of the two hosts of a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// The auth host, where the token endpoint is.
    Token,
    /// The API host.
    Api,
}
