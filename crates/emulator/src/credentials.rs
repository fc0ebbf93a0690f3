//! The credentials of a client.

use std::fmt;

use crate::provider::Provider;
use crate::random::Random;

/// The long-lived secrets that a site accepts.
///
/// They are random at each start, or fixed (see
/// [`EmulatorBuilder::fixed_credentials`](crate::EmulatorBuilder::fixed_credentials)). `Debug` shows none of them.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    id: String,
    secret: String,
    personal_access_token: Option<String>,
}

impl Credentials {
    pub(crate) fn fixed(provider: Provider) -> Self {
        let (id, secret, personal_access_token) = match provider {
            Provider::GoTab => ("gotab-access-id", "gotab-access-secret", None),
            Provider::GoTo => ("goto-client-id", "goto+client/secret==", Some("goto-personal-access-token")),
            Provider::GbgGo => ("gbg-go-client-id", "gbg-go-client-secret", None),
            Provider::Octotable => ("public_octotable", "6f1c4c5e-3d0e-4c67-9a52-0d1f2b3c4d5e", None),
        };
        Self {
            id: id.to_owned(),
            secret: secret.to_owned(),
            personal_access_token: personal_access_token.map(str::to_owned),
        }
    }

    pub(crate) fn random(provider: Provider, random: &mut Random) -> Self {
        let id = match provider {
            Provider::GoTo => random.uuid(),
            Provider::Octotable => format!("public_{}", random.alphanumeric(16)),
            Provider::GoTab | Provider::GbgGo => random.alphanumeric(24),
        };
        Self {
            id,
            secret: Self::random_secret(provider, random),
            personal_access_token: (provider == Provider::GoTo).then(|| random.alphanumeric(48)),
        }
    }

    /// Returns a random secret. GoTo's secrets contain characters that form encoding changes, so a client that encodes
    /// them before base64 is refused.
    pub(crate) fn random_secret(provider: Provider, random: &mut Random) -> String {
        match provider {
            Provider::GoTo => format!("{}+{}==", random.alphanumeric(10), random.alphanumeric(11)),
            Provider::Octotable => random.uuid(),
            Provider::GoTab | Provider::GbgGo => random.alphanumeric(40),
        }
    }

    pub(crate) fn replace_secret(&mut self, secret: String) {
        self.secret = secret;
    }

    /// Returns the client id. At GoTab this is the access id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the client secret. At GoTab this is the access secret.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// Returns the personal access token. Only GoTo has one.
    #[must_use]
    pub fn personal_access_token(&self) -> Option<&str> {
        self.personal_access_token.as_deref()
    }

    pub(crate) fn matches(&self, id: &str, secret: &str) -> bool {
        // An emulator on loopback has no real secrets, so the time of the comparison does not matter.
        self.id == id && self.secret == secret
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}
