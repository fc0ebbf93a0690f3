//! The environment variables from which a client reads addresses and credentials.

use crate::provider::Provider;

use super::site::Site;

/// Returns the name and value of each variable. The values include secrets.
pub(super) fn variables(site: &Site) -> Vec<(&'static str, String)> {
    let credentials = site.credentials();
    let id = credentials.id().to_owned();
    let secret = credentials.secret().to_owned();
    let token_url = site.token_url();
    let base = |document| site.base_url(document).unwrap_or_default();
    let authorize_url = site.authorize_url().unwrap_or_default();
    match site.provider() {
        Provider::GoTab => vec![
            ("GOTAB_ACCESS_ID", id),
            ("GOTAB_ACCESS_SECRET", secret),
            ("GOTAB_TOKEN_URL", token_url),
            ("GOTAB_AUTHORIZE_URL", authorize_url),
            ("GOTAB_BASE_URL", base("api")),
        ],
        Provider::GoTo => [
            ("GOTO_CLIENT_ID", id),
            ("GOTO_CLIENT_SECRET", secret),
            ("GOTO_REFRESH_TOKEN", site.refresh_token().unwrap_or_default()),
            ("GOTO_TOKEN_URL", token_url),
            ("GOTO_AUTHORIZE_URL", authorize_url),
            ("GOTO_REVOCATION_URL", site.revocation_url().unwrap_or_default()),
            ("GOTO_ADMIN_URL", base("admin")),
            ("GOTO_WEBINAR_URL", base("webinar")),
        ]
        .into_iter()
        .chain(site.device_url().map(|url| ("GOTO_DEVICE_URL", url)))
        .collect(),
        Provider::GbgGo => vec![
            ("GBG_GO_CLIENT_ID", id),
            ("GBG_GO_CLIENT_SECRET", secret),
            ("GBG_GO_TOKEN_URL", token_url),
            ("GBG_GO_BASE_URL", base("api")),
        ],
        Provider::Octotable => vec![
            ("OCTOTABLE_CLIENT_ID", id),
            ("OCTOTABLE_CLIENT_SECRET", secret),
            ("OCTOTABLE_TOKEN_URL", token_url),
            ("OCTOTABLE_BASE_URL", base("api")),
        ],
    }
}
