//! The environment variables from which a client reads addresses and credentials.

use super::site::Site;
use crate::provider::Provider;

/// The environment of a client.
impl Site {
    /// Returns the environment variables that a client needs, with their values. The values include secrets.
    #[must_use]
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let credentials = self.credentials();
        let id = credentials.id().to_owned();
        let secret = credentials.secret().to_owned();
        let token_url = self.token_url();
        let base = |document| self.base_url(document).unwrap_or_default();
        let authorize_url = self.authorize_url().unwrap_or_default();
        match self.provider() {
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
                ("GOTO_REFRESH_TOKEN", self.refresh_token().unwrap_or_default()),
                ("GOTO_TOKEN_URL", token_url),
                ("GOTO_AUTHORIZE_URL", authorize_url),
                ("GOTO_REVOCATION_URL", self.revocation_url().unwrap_or_default()),
                ("GOTO_ADMIN_URL", base("admin")),
                ("GOTO_WEBINAR_URL", base("webinar")),
            ]
            .into_iter()
            .chain(self.device_url().map(|url| ("GOTO_DEVICE_URL", url)))
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
}
