//! Grants that only one provider has (RFC 6749 section 4.5).

use std::sync::Arc;

use auth_layer::{
    ClientAuth, ConfigError, Credential, Encoding, Exchange, Grant, Profile, SecretSource, TestClock,
};

use crate::support::{FakeTokenEndpoint, Rig, example};

fn rig(profile: Profile, grant: Grant) -> Rig {
    let (endpoint, clock) = (FakeTokenEndpoint::issuing(60), TestClock::new());
    let exchange = Exchange::builder(profile.clone(), Credential::new("client", "client-secret"), grant)
        .transport(endpoint.transport())
        .clock(Arc::new(clock.clone()))
        .build()
        .unwrap();
    Rig::with_exchange(endpoint, clock, profile, exchange)
}

fn refused(profile: Profile, grant: Grant) -> ConfigError {
    let exchange = Exchange::builder(profile, Credential::new("client", "client-secret"), grant);
    exchange.transport(FakeTokenEndpoint::issuing(60).transport()).build().unwrap_err()
}

#[tokio::test]
async fn a_personal_access_token_is_traded_again_for_each_token() {
    let rig = rig(example(), Grant::custom("personal_access_token", [("pat", "pat-1")]));
    rig.manager.token().await.unwrap();
    rig.advance(60);
    rig.manager.token().await.unwrap();
    for seen in rig.endpoint.seen() {
        assert_eq!(seen.body, "grant_type=personal_access_token&pat=pat-1");
        assert!(seen.headers["authorization"].to_str().unwrap().starts_with("Basic "));
    }
    assert_eq!(rig.endpoint.count(), 2);
}

#[tokio::test]
async fn a_custom_grant_is_sent_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, "key&1\n").unwrap();
    let parameters = [("api_key", SecretSource::from_file(&path)), ("tenant", SecretSource::from("t"))];
    let grant = Grant::custom("urn:example:api-key", parameters);
    let form = rig(example(), grant.clone());
    form.manager.token().await.unwrap();
    assert_eq!(form.endpoint.seen()[0].body, "grant_type=urn%3Aexample%3Aapi-key&api_key=key%261&tenant=t");
    let json = rig(example().with_encoding(Encoding::Json), grant);
    json.manager.token().await.unwrap();
    assert_eq!(json.endpoint.seen()[0].json()["api_key"], "key&1");
    // A SAML assertion (RFC 7522) is such a grant.
    let saml = Grant::custom("urn:ietf:params:oauth:grant-type:saml2-bearer", [("assertion", "PHNhbWw+")]);
    let saml = rig(example(), saml);
    saml.manager.token().await.unwrap();
    assert_eq!(saml.endpoint.seen()[0].form("assertion").as_deref(), Some("PHNhbWw+"));
}

#[test]
fn a_name_that_another_setting_uses_is_refused() {
    let named = |name: &'static str| Grant::custom("urn:example:own", [(name, "x")]);
    for name in ["grant_type", "scope", "client_id", "client_secret", "client_assertion"] {
        let error = refused(example(), named(name));
        assert_eq!(error.what(), format!("token request parameter {name}"));
    }
    refused(example().with_parameter("tenant", "1"), named("tenant"));
    refused(example().with_client_auth(ClientAuth::body_named("id", "key")), named("key"));
    refused(example(), Grant::custom("urn:example:own", [("key", "1"), ("key", "2")]));
    refused(example(), named(""));
    refused(example(), Grant::custom("urn:example:own", [("key", "")]));
    refused(example(), Grant::custom("personal_access_token", [("pat", "")]));
}

#[test]
fn a_known_grant_type_is_refused_as_a_custom_grant() {
    for grant_type in [
        "",
        "password",
        "client_credentials",
        "refresh_token",
        "authorization_code",
        "urn:ietf:params:oauth:grant-type:device_code",
    ] {
        let error = refused(example(), Grant::custom(grant_type, [("key", "value")]));
        assert_eq!(error.what(), format!("grant type \"{grant_type}\""));
    }
}
