//! The paths of the token endpoints.

use crate::provider::Provider;

/// One of a provider's token endpoints. Some providers also have an older or a newer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variant {
    Main,
    Other,
}

pub(crate) const fn token_path(provider: Provider, variant: Variant) -> Option<&'static str> {
    match (provider, variant) {
        (Provider::GoTab, Variant::Main) => Some("/oauth/token"),
        (Provider::GoTab, Variant::Other) => Some("/api/oauth/token"),
        (Provider::GoTo, Variant::Main) => Some("/oauth/token"),
        (Provider::GbgGo, Variant::Main) => Some("/as/token.oauth2"),
        (Provider::Octotable, Variant::Main) => Some("/octotable-pms/api/v2/oauth2/token"),
        (Provider::Octotable, Variant::Other) => Some("/octotable-auth/api/v2/oauth2/token"),
        (Provider::GoTo | Provider::GbgGo, Variant::Other) => None,
    }
}

/// Returns whether one of the provider's token endpoints is at this path.
pub(crate) fn is_token_path(provider: Provider, path: &str) -> bool {
    variant(provider, path).is_some()
}

pub(super) fn variant(provider: Provider, path: &str) -> Option<Variant> {
    [Variant::Main, Variant::Other].into_iter().find(|variant| token_path(provider, *variant) == Some(path))
}
