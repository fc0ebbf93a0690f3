//! A sign-out and a sign-in while there is a record of an earlier version or of another issuer.

use std::sync::Arc;

use auth_layer::sign_in::SignedOut;
use auth_layer::store::{Entry, State, StoreKey};
use auth_layer::{
    Credential, ErrorKind, Exchange, Grant, Identity, MemoryStore, Profile, RefreshToken, SignIn,
    TokenManager, TokenStore,
};

use crate::refresh::refreshed;
use crate::support::{FakeTokenEndpoint, example, respond};

const HERE: &str = "https://auth.example.com/token";
const BEFORE: &str = "https://old.example.com/token";

fn profile() -> Profile {
    example()
        .with_revocation_url("https://auth.example.com/revoke")
        .and_then(|profile| profile.with_moved_from(BEFORE))
        .unwrap()
}

fn key() -> StoreKey {
    StoreKey::for_identity(&profile(), "client", &Grant::Stored, &Identity::new(""))
}

/// Returns the key that an earlier version used for the same identity at a token URL.
fn earlier(token_url: &str) -> StoreKey {
    StoreKey::of(["1", "example", token_url, "client", "Basic", "refresh_token", "", ""])
}

fn sign_in(endpoint: &FakeTokenEndpoint) -> SignIn {
    let credential = Credential::new("client", "client-secret");
    SignIn::builder(profile(), credential).transport(endpoint.transport()).build().unwrap()
}

async fn store_with(records: &[(StoreKey, &str)]) -> MemoryStore {
    let store = MemoryStore::new();
    for (key, refresh_token) in records {
        let entry = Entry::new(RefreshToken::new(*refresh_token));
        store.compare_exchange(key, None, entry).await.unwrap().unwrap();
    }
    store
}

fn revoked(endpoint: &FakeTokenEndpoint) -> Vec<String> {
    endpoint.seen().iter().filter_map(|seen| seen.form("token")).collect()
}

async fn nothing_is_left(store: &MemoryStore) {
    for key in [key(), earlier(HERE), earlier(BEFORE)] {
        assert!(store.load(&key).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn rv03_a_sign_out_ends_the_records_of_an_earlier_version() {
    let endpoint = FakeTokenEndpoint::scripted(|_, _| Ok(respond(200, "")));
    let store = store_with(&[(earlier(BEFORE), "r0")]).await;
    assert!(sign_in(&endpoint).sign_out(&store, &key()).await.unwrap().is_revoked());
    assert_eq!(revoked(&endpoint), ["r0"]);
    nothing_is_left(&store).await;
}

#[tokio::test]
async fn rv03_a_sign_out_ends_each_record_of_the_sign_in() {
    let endpoint = FakeTokenEndpoint::scripted(|n, _| Ok(respond(if n == 1 { 400 } else { 200 }, "")));
    let store = store_with(&[(earlier(HERE), "r0"), (key(), "r1")]).await;
    let signed_out = sign_in(&endpoint).sign_out(&store, &key()).await.unwrap();
    assert!(matches!(signed_out, SignedOut::NotRevoked(_)), "one of them may live on: {signed_out:?}");
    assert_eq!(revoked(&endpoint), ["r0", "r1"]);
    nothing_is_left(&store).await;
}

#[tokio::test]
async fn rv03_a_record_that_was_taken_over_is_revoked_once() {
    let endpoint = FakeTokenEndpoint::scripted(|n, _| Ok(refreshed(n, Some("r1"))));
    let store = store_with(&[(earlier(BEFORE), "r0")]).await;
    let exchange = Exchange::builder(profile(), Credential::new("client", "client-secret"), Grant::Stored)
        .transport(endpoint.transport())
        .store(Arc::new(store.clone()))
        .build()
        .unwrap();
    TokenManager::new(exchange).token().await.unwrap();
    assert!(store.load(&earlier(BEFORE)).await.unwrap().unwrap().entry.is_taken_over());
    endpoint.now(|_, _| Ok(respond(200, "")));
    assert!(sign_in(&endpoint).sign_out(&store, &key()).await.unwrap().is_revoked());
    assert_eq!(revoked(&endpoint), ["r1"]);
    nothing_is_left(&store).await;
}

#[tokio::test]
async fn rf07_a_sign_out_sends_no_token_of_another_issuer() {
    let endpoint = FakeTokenEndpoint::scripted(|_, _| Ok(respond(200, "")));
    for state in [State::Idle, State::Ended] {
        let store = store_with(&[(earlier(HERE), "r0")]).await;
        let mut entry = Entry::new(RefreshToken::new("theirs"));
        (entry.token_url, entry.state) = (Some("https://auth.example.org/token".parse().unwrap()), state);
        store.compare_exchange(&key(), None, entry.clone()).await.unwrap().unwrap();
        let error = sign_in(&endpoint).sign_out(&store, &key()).await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (ErrorKind::TokenUrl, false));
        assert!(error.to_string().contains("https://auth.example.org/token"), "{error}");
        assert_eq!((endpoint.count(), store.load(&key()).await.unwrap().unwrap().entry), (0, entry));
        assert!(store.load(&earlier(HERE)).await.unwrap().is_some(), "none of its records is touched");
    }
}
