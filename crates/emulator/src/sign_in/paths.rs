//! The paths of the sign-in half of the auth host.

use crate::endpoint::Endpoint;
use crate::provider::Provider;

/// The resource at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Authorize,
    Metadata,
    OpenidConfiguration,
    Revoke,
    DeviceAuthorization,
    DevicePage,
}

pub(crate) const AUTHORIZE: &str = "/oauth/authorize";
pub(crate) const REVOCATION: &str = "/oauth/revoke";
pub(crate) const DEVICE: &str = "/oauth/device";
pub(crate) const VERIFICATION: &str = "/device";
/// GoTab's page, both for codes and for locations.
pub(crate) const MANAGER: &str = "/manager/oauth";
/// RFC 8414 section 3.
const METADATA: &str = "/.well-known/oauth-authorization-server";

/// OpenID Connect Discovery section 4.
const OPENID_CONFIGURATION: &str = "/.well-known/openid-configuration";

pub(super) fn place(provider: Provider, path: &str) -> Option<Place> {
    match (provider, path) {
        (Provider::GoTo, AUTHORIZE) | (Provider::GoTab, MANAGER) => Some(Place::Authorize),
        (Provider::GoTo, METADATA) => Some(Place::Metadata),
        (Provider::GoTo, OPENID_CONFIGURATION) => Some(Place::OpenidConfiguration),
        (Provider::GoTo, REVOCATION) => Some(Place::Revoke),
        (Provider::GoTo, DEVICE) => Some(Place::DeviceAuthorization),
        (Provider::GoTo, VERIFICATION) => Some(Place::DevicePage),
        _ => None,
    }
}

/// Returns the half of the auth host to which a path belongs.
pub(crate) fn half(provider: Provider, path: &str) -> Endpoint {
    place(provider, path).map_or(Endpoint::Token, |_| Endpoint::SignIn)
}

/// Returns whether clients send their credentials to this path, as they do to a token endpoint.
pub(crate) fn takes_credentials(provider: Provider, path: &str) -> bool {
    matches!(place(provider, path), Some(Place::Revoke | Place::DeviceAuthorization))
}

/// Returns the name of this path in faults and counters.
pub(crate) fn operation_id(provider: Provider, path: &str) -> Option<&'static str> {
    Some(match place(provider, path)? {
        Place::Authorize => "authorize",
        Place::Metadata => "metadata",
        Place::OpenidConfiguration => "openidConfiguration",
        Place::Revoke => "revoke",
        Place::DeviceAuthorization => "deviceAuthorization",
        Place::DevicePage => "devicePage",
    })
}
