//! The key of an identity, computed from everything that makes its tokens different from those of other identities.

use super::earlier_keys;
use super::key::StoreKey;
use crate::grant::Grant;
use crate::identity::Identity;
use crate::profile::Profile;
use crate::token::Scope;

impl StoreKey {
    /// Returns the key under which an [`Exchange`](crate::Exchange) keeps the record of an identity. A sign-in that is
    /// written under this key is found by every exchange with the same profile, client id, grant and identity.
    ///
    /// The key is computed from:
    ///
    /// - the provider's name, the client id and the grant
    /// - the identity's tenant, which an [`ExchangeBuilder`](crate::source::ExchangeBuilder) calls the `subject`
    /// - the set of scopes, the audience and the resource
    /// - every further parameter of the profile
    ///
    /// The order of scopes and parameters does not count. [`Grant::RefreshToken`] and [`Grant::Stored`] have the same
    /// key. Other grants keep no record.
    ///
    /// The token URL and the client's way to authenticate are not part of the key, because a provider may change them.
    /// The record has its token URL instead ([`Entry::token_url`](crate::store::Entry::token_url)). Two token endpoints
    /// that share a provider name and a client id, such as two tenants of one issuer, therefore need different tenants
    /// or provider names.
    ///
    /// ```
    /// use auth_layer::store::StoreKey;
    /// use auth_layer::{Credential, Exchange, Grant, Identity, MemoryStore, Profile};
    /// use std::sync::Arc;
    ///
    /// let identity = Identity::new("reception").with_scope("orders:read".parse()?);
    /// let profile = Profile::new("example", "https://auth.example.com/token")?;
    /// let key = StoreKey::for_identity(&profile, "my-client", &Grant::Stored, &identity);
    ///
    /// let exchange = Exchange::builder(profile, Credential::new("my-client", "secret"), Grant::Stored)
    ///     .identity(&identity)
    ///     .store(Arc::new(MemoryStore::new()))
    ///     .build()?;
    /// assert_eq!(exchange.store_key(), Some(&key));
    /// # Ok::<(), auth_layer::ConfigError>(())
    /// ```
    pub fn for_identity(profile: &Profile, client_id: &str, grant: &Grant, identity: &Identity) -> Self {
        let mut profile = profile.clone().for_identity(identity);
        profile.scope = identity.scope().cloned().or(profile.scope);
        Self::for_subject(&profile, client_id, grant, identity.tenant())
    }

    /// Returns the key for a profile that already has the identity's scope, audience and resource.
    pub(crate) fn for_subject(profile: &Profile, client_id: &str, grant: &Grant, subject: &str) -> Self {
        let mut parameters: Vec<_> = profile.parameters.iter().collect();
        parameters.sort();
        // Each part begins with its name and has a fixed number of values. So no part can pass for another one, and a
        // new kind of part in a later version changes no other keys.
        let mut parts = vec![VERSION, "provider", profile.name(), "client", client_id];
        parts.extend(["grant", grant.name(), "subject", subject]);
        parts.extend(profile.scope.iter().flat_map(Scope::iter).flat_map(|scope| ["scope", scope]));
        parts.extend(parameters.into_iter().flat_map(|(name, value)| ["parameter", name, value]));
        let traded = grant.identity();
        parts.extend(traded.iter().flat_map(|traded| ["traded", traded.as_str()]));
        let earlier =
            if grant.is_used_up() { earlier_keys::keys(profile, client_id, subject) } else { Vec::new() };
        Self::of(parts).with_earlier(earlier)
    }
}

/// The version of the keys. Raise it when keys get other parts, and take over the records under the previous keys.
const VERSION: &str = "2";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::grant::TokenExchange;
    use crate::secret::Secret;
    use crate::secret::SecretSource;
    use crate::token::TokenTypeId;

    fn key(grant: impl Into<Grant>) -> StoreKey {
        let profile = Profile::new("example", "https://auth.example.com/token").unwrap();
        StoreKey::for_subject(&profile, "client", &grant.into(), "")
    }

    #[test]
    fn sc06_everything_that_makes_a_grant_changes_the_key() {
        let exchange = || TokenExchange::new("subject", TokenTypeId::JWT);
        let keys = [
            key(Grant::ClientCredentials),
            key(Grant::Stored),
            key(Grant::jwt_bearer(|| Ok(Secret::new("a")))),
            key(Grant::JwtBearer(SecretSource::from_file("/one"))),
            key(Grant::JwtBearer(SecretSource::from_file("/two"))),
            key(exchange()),
            key(TokenExchange::new("another", TokenTypeId::JWT)),
            key(TokenExchange::new("subject", TokenTypeId::SAML2)),
            key(exchange().with_actor("actor", TokenTypeId::JWT)),
            key(exchange().with_actor("another", TokenTypeId::JWT)),
            key(exchange().with_requested_token_type(TokenTypeId::JWT)),
            key(exchange().with_audience("a")),
            key(exchange().with_audience("a").with_audience("b")),
            key(Grant::custom("personal_access_token", [("pat", "one")])),
            key(Grant::custom("personal_access_token", [("pat", "two")])),
            key(Grant::custom("personal_access_token", [("token", "one")])),
        ];
        assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len(), "{keys:?}");
        let in_order = exchange().with_audience("a").with_audience("b");
        assert_eq!(key(in_order), key(exchange().with_audience("b").with_audience("a")));
    }

    #[test]
    fn sc05_what_goes_into_the_key_holds_no_secret() {
        let exchange =
            TokenExchange::new("s3cret-1", TokenTypeId::JWT).with_actor("s3cret-2", TokenTypeId::JWT);
        for grant in [exchange.into(), Grant::custom("personal_access_token", [("pat", "s3cret-3")])] {
            let parts: Vec<String> = grant.identity();
            assert!(!parts.is_empty() && !parts.concat().contains("s3cret"), "{parts:?}");
        }
    }
}
