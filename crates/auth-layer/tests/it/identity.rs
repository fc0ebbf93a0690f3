//! The key under which an identity's tokens are kept, and the effect of a failing store.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use auth_layer::source::ExchangeBuilder;
use auth_layer::store::{Entry, Record, StoreError, StoreKey, Version};
use auth_layer::{
    ClientAuth, Credential, Encoding, ErrorKind, Exchange, Grant, Identity, Profile, RefreshToken, TestClock,
    TokenManager, TokenStore,
};

use crate::support::{FakeTokenEndpoint, Rig, example, exchange};

fn with(profile: Profile, id: &str, secret: &str, refresh_token: &str) -> ExchangeBuilder {
    let grant = Grant::refresh_token(RefreshToken::new(refresh_token));
    Exchange::builder(profile, Credential::new(id, secret), grant)
        .transport(FakeTokenEndpoint::issuing(60).transport())
}

fn key(builder: ExchangeBuilder) -> StoreKey {
    builder.build().unwrap().store_key().unwrap().clone()
}

fn of(profile: Profile) -> StoreKey {
    key(with(profile, "client", "client-secret", "refresh-one"))
}

#[test]
fn sc05_a_key_is_a_digest_in_which_no_secret_has_a_part() {
    let one = of(example());
    assert!(one.as_str().len() == 64 && one.as_str().bytes().all(|byte| byte.is_ascii_hexdigit()));
    // The identity stays the same if its secret is changed or its refresh token is replaced.
    assert_eq!(one, key(with(example(), "client", "another-secret", "refresh-one")));
    assert_eq!(one, key(with(example(), "client", "client-secret", "refresh-two")));
}

#[test]
fn sc06_everything_that_makes_an_identity_changes_its_key() {
    let scoped = |scope: &str| example().with_scope(scope.parse().unwrap());
    let with_resource = |resource: &'static str| example().with_parameter("resource", resource);
    let keys = [
        of(example()),
        of(Profile::new("another", "https://auth.example.com/token").unwrap()),
        of(scoped("a")),
        of(scoped("b")),
        of(scoped("a b")),
        of(with_resource("https://one.example.com")),
        of(with_resource("https://two.example.com")),
        of(example().with_parameter("audience", "https://one.example.com")),
        key(with(example(), "another-client", "client-secret", "refresh-one")),
        key(with(example(), "client", "client-secret", "refresh-one").subject("a-person")),
        key(with(example(), "client", "client-secret", "refresh-one").subject("another-person")),
        // The same text in two different parts gives two keys.
        key(with(scoped("a"), "client", "client-secret", "refresh-one").subject("b")),
        key(with(scoped("b"), "client", "client-secret", "refresh-one").subject("a")),
        of(example().with_parameter("a=b", "c")),
        of(example().with_parameter("a", "b=c")),
    ];
    assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len(), "{keys:?}");
}

#[test]
fn sc06_the_order_of_scopes_and_parameters_changes_nothing() {
    let scoped = |scope: &str| of(example().with_scope(scope.parse().unwrap()));
    assert_eq!(scoped("a b c"), scoped("c  a b a"));
    let parameters = |names: [&'static str; 2]| {
        of(names.into_iter().fold(example(), |profile, name| profile.with_parameter(name, "1")))
    };
    assert_eq!(parameters(["one", "two"]), parameters(["two", "one"]));
}

#[test]
fn sc06_the_key_has_no_part_that_a_provider_may_change() {
    for profile in [
        example().with_token_url("https://auth.example.org/token").unwrap(),
        example().with_token_url("https://auth.example.com/token?tenant=1").unwrap(),
        example().with_moved_from("https://auth.example.org/token").unwrap(),
        example().with_client_auth(ClientAuth::body()),
        example().with_client_auth(ClientAuth::BasicRaw),
        example().with_client_auth(ClientAuth::Public),
        example().with_encoding(Encoding::Json),
    ] {
        assert_eq!(of(profile.clone()), of(example()), "{profile:?}");
    }
}

#[test]
fn sc06_the_key_of_an_identity_does_not_change() {
    // Tokens are kept under this key. If its calculation changed, all people would have to sign in again.
    assert_eq!(of(example()).as_str(), "0b0b617b0ee2b8bfe9ea21e5033240b70689b4fd7b16bda11a3a87c234504401");
}

#[test]
fn sc06_the_earlier_keys_of_an_identity_do_not_change() {
    // This key was made by the version that used such keys for records.
    let full = Identity::new("t7")
        .with_scope("y x".parse().unwrap())
        .with_audience("aud")
        .with_resource("https://r.example.com/x".parse().unwrap());
    let public = Exchange::builder(
        example().with_client_auth(ClientAuth::Public),
        Credential::public("client"),
        Grant::refresh_token(RefreshToken::new("r")),
    );
    let plain = |profile| with(profile, "client", "s", "r");
    let cases: [(ExchangeBuilder, &[&str]); 4] = [
        (plain(example()), &["5da336a36ab0e28bb340788a4cf586eadf9d3ddfd39a256150e670f9fd4a7b5f"]),
        (
            public.transport(FakeTokenEndpoint::issuing(60).transport()),
            &["2e0609ed92072f4faf854a2945e5cc995dc5bc47ffc9d810484027d0a31e4538"],
        ),
        (
            plain(example().with_client_auth(ClientAuth::body_named("i\"d", "s\u{e9}cret"))),
            &["3d25366fd8d1f43d8e3902d500fd0102ac0a88e3dce903f9111620a87e618cd8"],
        ),
        (
            plain(example().with_parameter("z", "1")).identity(&full),
            &["14f2a71b41ef0afb19973e3424f13bedcbf92f2e3fa33c326668b6f4486ff674"],
        ),
    ];
    for (builder, expected) in cases {
        let key = key(builder);
        assert_eq!(key.earlier().map(StoreKey::as_str).collect::<Vec<_>>(), expected);
    }
}

/// A store that cannot be reached.
#[derive(Debug)]
struct Gone;

fn gone() -> StoreError {
    StoreError::new("cannot reach the store", "connection refused")
}

#[async_trait]
impl TokenStore for Gone {
    async fn load(&self, _: &StoreKey) -> Result<Option<Record>, StoreError> {
        Err(gone())
    }

    async fn compare_exchange(
        &self,
        _: &StoreKey,
        _: Option<Version>,
        _: Entry,
    ) -> Result<Option<Version>, StoreError> {
        Err(gone())
    }

    async fn remove(&self, _: &StoreKey) -> Result<(), StoreError> {
        Err(gone())
    }

    async fn changed(&self, _: &StoreKey, _: Version) -> Result<(), StoreError> {
        Err(gone())
    }
}

#[tokio::test]
async fn sc07_a_store_that_is_gone_costs_client_credentials_nothing() {
    let (endpoint, clock) = (FakeTokenEndpoint::issuing(3600), TestClock::new());
    let exchange = exchange(&endpoint, &clock, &example()).store(Arc::new(Gone)).build().unwrap();
    assert!(exchange.store_key().is_none());
    let rig = Rig::with_exchange(endpoint, clock, example(), exchange);
    assert_eq!(rig.manager.token().await.unwrap().access_token().expose(), "token-1");
}

#[tokio::test]
async fn sc07_a_refresh_token_is_not_redeemed_without_its_store() {
    let endpoint = FakeTokenEndpoint::issuing(3600);
    let grant = Grant::refresh_token(RefreshToken::new("refresh-one"));
    let exchange = Exchange::builder(example(), Credential::new("client", "client-secret"), grant)
        .transport(endpoint.transport())
        .store(Arc::new(Gone))
        .build()
        .unwrap();
    let error = TokenManager::new(exchange).token().await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Store, true));
    assert_eq!(endpoint.count(), 0);
}
