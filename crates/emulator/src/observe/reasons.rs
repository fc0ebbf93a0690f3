//! The reasons for refusals. They are the keys of the counters.

/// The reason why a token endpoint issued no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TokenRefusal {
    /// There is no token endpoint at this path.
    NotFound,
    /// The method is not `POST`.
    Method,
    /// The credentials were in the query, which servers write to logs.
    CredentialsInQuery,
    /// The client authenticated itself in two ways at once.
    DoubleAuthentication,
    /// The client authenticated itself in a way that this provider does not accept.
    ClientAuthentication,
    /// The fields were in an encoding that this provider does not read.
    Encoding,
    /// The body could not be read, or a field is missing, repeated or of the wrong type.
    Malformed,
    /// The id or the secret is wrong.
    Credentials,
    /// The provider does not offer the grant type.
    UnsupportedGrant,
    /// The refresh token, the code or the personal access token is unknown, used up or expired, or belongs to another
    /// request.
    InvalidGrant,
    /// The person has not yet decided about the device code.
    Pending,
    /// The person has not yet decided about the device code, and the device polls too often.
    TooSoon,
    /// The person denied the device.
    Denied,
    /// The scope is missing, or is not one that the provider offers.
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

/// The reason why an API call was not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Rejection {
    /// There is no operation at this path.
    NotFound,
    /// The path has no operation with this method.
    Method,
    /// The call has no bearer token.
    MissingToken,
    /// The call has more than one `Authorization` header.
    DoubleAuthorization,
    /// This site never issued the token.
    UnknownToken,
    /// The token has expired.
    ExpiredToken,
    /// The token was revoked.
    RevokedToken,
    /// The token is valid, but the operation needs another kind of token.
    WrongKindOfToken,
    /// A required header or query parameter is missing.
    MissingParameter,
    /// The operation does not read this content type.
    MediaType,
    /// The body is missing, not JSON, or lacks a required member.
    Body,
    /// The call was valid, but the provider's own rules do not allow it.
    Refused,
    /// A POST, PUT or PATCH had neither a `content-length` nor a `transfer-encoding` (RFC 9110 section 8.6).
    NoLength,
    /// The `User-Agent` header was missing or empty, at an API that
    /// [demands one](crate::Site::demand_user_agent).
    NoUserAgent,
}
