//! Why a request was turned away: the keys of the counters.

/// Why the token endpoint gave no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TokenRefusal {
    /// No token endpoint lives at this path.
    NotFound,
    /// Anything but `POST`.
    Method,
    /// Credentials stood in the query, where logs keep them.
    CredentialsInQuery,
    /// The client authenticated itself in two ways at once.
    DoubleAuthentication,
    /// The client authenticated itself in a way this provider does not read.
    ClientAuthentication,
    /// The fields came in an encoding this provider does not read.
    Encoding,
    /// The body could not be read, or a field is missing, doubled or of the wrong type.
    Malformed,
    /// The id or the secret is wrong.
    Credentials,
    /// The grant type is not offered.
    UnsupportedGrant,
    /// The refresh token, the code or the personal access token is unknown, used up, too old or does not fit.
    InvalidGrant,
    /// Nobody has decided about the device code yet.
    Pending,
    /// Nobody has decided about the device code yet, and the device polls too often.
    TooSoon,
    /// The person said no to the device.
    Denied,
    /// The scope is missing or not the one there is.
    Scope,
    /// A `resource` or `audience` that the authorization request did not name, or a `resource` that is not an absolute
    /// URI (RFC 8707).
    InvalidTarget,
    /// The request had a `transfer-encoding`, which token endpoints do not read.
    Chunked,
    /// A POST, PUT or PATCH had no `content-length` (RFC 9110 section 8.6).
    NoLength,
    /// The `User-Agent` header was missing or empty.
    NoUserAgent,
}

/// Why an API call was not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Rejection {
    /// No operation lives at this path.
    NotFound,
    /// The path is known, the method is not.
    Method,
    /// No bearer token came with the call.
    MissingToken,
    /// More than one `Authorization` header.
    DoubleAuthorization,
    /// The token was never issued here.
    UnknownToken,
    /// The token has outlived its time.
    ExpiredToken,
    /// The token was revoked.
    RevokedToken,
    /// The token is good, but of a kind that this operation does not take.
    WrongKindOfToken,
    /// A required header or query parameter is missing.
    MissingParameter,
    /// The content type is not one of those the operation reads.
    MediaType,
    /// The body is missing, not JSON, or lacks a required member.
    Body,
    /// The call was understood, and the provider's own rules say no.
    Refused,
    /// A POST, PUT or PATCH had neither a `content-length` nor a `transfer-encoding` (RFC 9110 section 8.6).
    NoLength,
    /// The `User-Agent` header was missing or empty, at an API that
    /// [demands one](crate::Site::demand_user_agent).
    NoUserAgent,
}
