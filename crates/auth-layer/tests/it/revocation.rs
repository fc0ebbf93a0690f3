//! The end of a sign-in: tokens are revoked (RFC 7009) and no longer used.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use auth_layer::sign_in::{Revocation, SignedOut};
use auth_layer::source::{IssuedToken, TokenRequest};
use auth_layer::store::{Entry, Label, Record, State, StoreError, StoreKey, Version};
use auth_layer::{
    AccessToken, BoxError, ClientAuth, Credential, Encoding, ErrorKind, Exchange, Grant, MemoryStore,
    Profile, RefreshToken, SignIn, TestClock, TokenManager, TokenSource, TokenStore, Transport,
};
use bytes::Bytes;
use futures_util::stream;
use http::Response;
use http_body::Frame;
use http_body_util::StreamBody;
use tower::Layer;

use crate::support::{
    FakeApi, FakeTokenEndpoint, Rig, example, get, json_response, respond, settle, status_at_once, until,
};

const REVOCATION_URL: &str = "https://auth.example.com/revoke";

fn profile() -> Profile {
    example().with_revocation_url(REVOCATION_URL).unwrap()
}

fn client(endpoint: &FakeTokenEndpoint, clock: &TestClock, profile: Profile) -> SignIn {
    SignIn::builder(profile, Credential::new("client", "client-secret"))
        .transport(endpoint.transport())
        .clock(Arc::new(clock.clone()))
        .timeout(Duration::from_secs(1))
        .build()
        .unwrap()
}

fn key() -> StoreKey {
    StoreKey::of(["a person"])
}

async fn store_with(clock: &TestClock, refresh_token: &str) -> MemoryStore {
    let store = MemoryStore::with_clock(Arc::new(clock.clone()));
    let entry = Entry::new(RefreshToken::new(refresh_token));
    store.compare_exchange(&key(), None, entry).await.unwrap();
    store
}

#[tokio::test]
async fn rv01_a_revocation_names_the_token_its_kind_and_the_client() {
    let endpoint = FakeTokenEndpoint::scripted(|_, _| Ok(respond(200, "")));
    let clock = TestClock::new();
    let refresh_token = RefreshToken::new("refresh+1");
    let access_token = AccessToken::new("token-1").unwrap();
    // The parameters of token requests are sent with no other request.
    let basic = profile().with_parameter("audience", "orders").with_scope("orders:read".parse().unwrap());
    let basic = client(&endpoint, &clock, basic);
    assert_eq!(basic.revoke(&refresh_token).await.unwrap(), Revocation::Done);
    assert_eq!(basic.revoke_access_token(&access_token).await.unwrap(), Revocation::Done);
    let body = client(&endpoint, &clock, profile().with_client_auth(ClientAuth::body()));
    body.revoke(&refresh_token).await.unwrap();
    let json = client(&endpoint, &clock, profile().with_encoding(Encoding::Json));
    json.revoke(&refresh_token).await.unwrap();

    let seen = endpoint.seen();
    assert!(seen.iter().all(|seen| seen.method == "POST" && seen.uri == REVOCATION_URL));
    assert_eq!(seen[0].headers["authorization"], "Basic Y2xpZW50OmNsaWVudC1zZWNyZXQ=");
    assert_eq!(seen[0].body, "token=refresh%2B1&token_type_hint=refresh_token");
    assert_eq!(seen[1].body, "token=token-1&token_type_hint=access_token");
    assert!(seen[2].headers.get("authorization").is_none());
    assert_eq!(seen[2].form("client_secret").as_deref(), Some("client-secret"));
    assert_eq!(seen[3].json()["token"], "refresh+1");
}

#[tokio::test]
async fn rv02_any_success_is_one_whatever_it_says() {
    for answer in [
        respond(200, ""),
        respond(200, "<p>ok</p>"),
        respond(204, ""),
        json_response(200, r#"{"error":"invalid_token"}"#),
    ] {
        let endpoint = FakeTokenEndpoint::scripted(move |_, _| Ok(answer.clone()));
        let sign_in = client(&endpoint, &TestClock::new(), profile());
        assert_eq!(
            sign_in.revoke(&RefreshToken::new("nobodys-refresh-token")).await.unwrap(),
            Revocation::Done
        );
    }
}

#[tokio::test]
async fn rv02_a_refusal_whose_body_breaks_off_is_not_sent_again() {
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = sent.clone();
    let transport = Transport::new(tower::service_fn(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        let pieces = [Ok(Frame::data(Bytes::from(r#"{"error":"#))), Err(BoxError::from("connection reset"))];
        let mut response = Response::new(StreamBody::new(stream::iter(pieces)));
        *response.status_mut() = http::StatusCode::BAD_REQUEST;
        async { Ok::<_, BoxError>(response) }
    }));
    let sign_in = SignIn::builder(profile(), Credential::new("client", "client-secret"))
        .transport(transport)
        .clock(Arc::new(TestClock::new()))
        .build()
        .unwrap();
    let error = sign_in.revoke(&RefreshToken::new("r1")).await.unwrap_err();
    assert_eq!((error.kind(), sent.load(Ordering::Relaxed)), (ErrorKind::Refused, 1), "{error}");
}

fn busy(status: u16, retry_after: Option<&str>) -> Response<http_body_util::Full<bytes::Bytes>> {
    let mut response = respond(status, "");
    if let Some(wait) = retry_after {
        response.headers_mut().insert("retry-after", wait.parse().unwrap());
    }
    response
}

#[tokio::test]
async fn rv02_a_503_is_asked_again_when_the_server_wishes() {
    let endpoint = FakeTokenEndpoint::scripted(|n, _| match n {
        1 => Ok(busy(503, Some("20"))),
        2 => Ok(busy(503, None)),
        _ => Ok(respond(200, "")),
    });
    let clock = TestClock::new();
    let sign_in = client(&endpoint, &clock, profile());
    let revoking = tokio::spawn(async move { sign_in.revoke(&RefreshToken::new("r1")).await });
    until(|| clock.sleepers() == 1).await;
    clock.advance(Duration::from_millis(19_999));
    settle().await;
    assert_eq!(endpoint.count(), 1);
    clock.advance(Duration::from_millis(1));
    settle().await;
    assert_eq!(endpoint.count(), 2);
    // The second wait is the client's own.
    clock.advance(Duration::from_millis(1_999));
    settle().await;
    assert_eq!(endpoint.count(), 2);
    clock.advance(Duration::from_millis(1));
    assert_eq!(revoking.await.unwrap().unwrap(), Revocation::Done);
    assert_eq!(endpoint.count(), 3);
}

#[tokio::test]
async fn rv02_a_server_that_stays_in_trouble_is_a_typed_error_in_the_end() {
    let endpoint = FakeTokenEndpoint::scripted(|_, _| Ok(busy(503, Some("1"))));
    let clock = TestClock::new();
    let sign_in = Arc::new(client(&endpoint, &clock, profile()));
    let revoke = {
        let sign_in = sign_in.clone();
        move || {
            let sign_in = sign_in.clone();
            tokio::spawn(async move { sign_in.revoke(&RefreshToken::new("r1")).await })
        }
    };
    let revoking = revoke();
    for count in 1..=2 {
        until(|| endpoint.count() == count && clock.sleepers() == 1).await;
        clock.advance(Duration::from_secs(1));
    }
    let error = revoking.await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Refused, true));
    assert_eq!((error.status().unwrap().as_u16(), endpoint.count()), (503, 3));
    assert_eq!(error.endpoint(), Some(REVOCATION_URL));

    // The caller has to plan a wait that is this long.
    endpoint.now(|_, _| Ok(busy(503, Some("3600"))));
    let error = revoke().await.unwrap().unwrap_err();
    assert_eq!((error.retry_after(), endpoint.count()), (Some(Duration::from_secs(3600)), 4));

    // A permanent failure is not retried.
    endpoint.now(|_, _| Ok(json_response(400, r#"{"error":"unsupported_token_type"}"#)));
    let error = revoke().await.unwrap().unwrap_err();
    assert_eq!((error.oauth().unwrap().code(), endpoint.count()), ("unsupported_token_type", 5));
}

#[tokio::test]
async fn rv03_a_sign_out_revokes_the_refresh_token_and_removes_the_record() {
    let clock = TestClock::new();
    let store = store_with(&clock, "r1").await;
    let endpoint = FakeTokenEndpoint::scripted(|_, _| Ok(respond(200, "")));
    let sign_in = client(&endpoint, &clock, profile());
    let signed_out = sign_in.sign_out(&store, &key()).await.unwrap();
    assert!(signed_out.is_revoked(), "{signed_out:?}");
    assert_eq!(endpoint.seen()[0].form("token").as_deref(), Some("r1"));
    assert_eq!(endpoint.seen()[0].form("token_type_hint").as_deref(), Some("refresh_token"));
    assert!(store.load(&key()).await.unwrap().is_none());

    let again = sign_in.sign_out(&store, &key()).await.unwrap();
    assert!(matches!(again, SignedOut::NobodyThere), "{again:?}");
    assert_eq!(endpoint.count(), 1);
}

#[tokio::test]
async fn rv03_the_record_goes_even_if_the_revocation_fails() {
    let clock = TestClock::new();
    let store = store_with(&clock, "r1").await;
    let endpoint =
        FakeTokenEndpoint::scripted(|_, _| Ok(json_response(401, r#"{"error":"invalid_client"}"#)));
    let signed_out = client(&endpoint, &clock, profile()).sign_out(&store, &key()).await.unwrap();
    let SignedOut::NotRevoked(error) = signed_out else { panic!("{signed_out:?}") };
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(store.load(&key()).await.unwrap().is_none());
}

#[tokio::test]
async fn rv03_without_a_revocation_url_the_record_goes_and_the_result_says_so() {
    let clock = TestClock::new();
    let store = store_with(&clock, "r1").await;
    let endpoint = FakeTokenEndpoint::issuing(60);
    let sign_in = client(&endpoint, &clock, example());
    let signed_out = sign_in.sign_out(&store, &key()).await.unwrap();
    assert!(matches!(signed_out, SignedOut::NotOffered), "{signed_out:?}");
    assert!(store.load(&key()).await.unwrap().is_none());
    assert_eq!(sign_in.revoke(&RefreshToken::new("r1")).await.unwrap(), Revocation::NotOffered);
    assert_eq!(endpoint.count(), 0);
}

#[tokio::test]
async fn rv03_a_refresh_token_on_its_way_is_waited_for() {
    let clock = TestClock::new();
    let store = store_with(&clock, "r1").await;
    let mut marked = Entry::new(RefreshToken::new("r1"));
    marked.state = State::Redeeming { holder: "another".to_owned(), lease: Duration::from_secs(60) };
    let version = store.load(&key()).await.unwrap().unwrap().version;
    let version = store.compare_exchange(&key(), Some(version), marked).await.unwrap().unwrap();
    let endpoint = FakeTokenEndpoint::scripted(|_, _| Ok(respond(200, "")));
    let sign_in = client(&endpoint, &clock, profile());
    let signing_out = tokio::spawn({
        let store = store.clone();
        async move { sign_in.sign_out(&store, &key()).await }
    });
    settle().await;
    assert_eq!(endpoint.count(), 0);
    let rotated = Entry::new(RefreshToken::new("r2"));
    store.compare_exchange(&key(), Some(version), rotated).await.unwrap().unwrap();
    assert!(signing_out.await.unwrap().unwrap().is_revoked());
    assert_eq!(endpoint.seen()[0].form("token").as_deref(), Some("r2"));
}

#[tokio::test]
async fn rv03_a_killed_process_does_not_keep_a_sign_in() {
    let clock = TestClock::new();
    let store = store_with(&clock, "r1").await;
    let mut marked = Entry::new(RefreshToken::new("r1"));
    marked.state = State::Redeeming { holder: "killed".to_owned(), lease: Duration::from_secs(60) };
    let version = store.load(&key()).await.unwrap().unwrap().version;
    store.compare_exchange(&key(), Some(version), marked).await.unwrap().unwrap();
    let endpoint = FakeTokenEndpoint::scripted(|_, _| Ok(respond(200, "")));
    let sign_in = client(&endpoint, &clock, profile());
    let signing_out = tokio::spawn({
        let store = store.clone();
        async move { sign_in.sign_out(&store, &key()).await }
    });
    settle().await;
    clock.advance(Duration::from_secs(60));
    assert!(signing_out.await.unwrap().unwrap().is_revoked());
}

#[tokio::test]
async fn rv03_a_token_that_came_in_place_of_the_revoked_one_is_revoked_too() {
    let clock = TestClock::new();
    let store = store_with(&clock, "r1").await;
    let endpoint = FakeTokenEndpoint::scripted(|_, _| Ok(respond(200, "")));
    endpoint.hold();
    let sign_in = client(&endpoint, &clock, profile());
    let signing_out = tokio::spawn({
        let store = store.clone();
        async move { sign_in.sign_out(&store, &key()).await }
    });
    until(|| endpoint.count() == 1).await;
    let version = store.load(&key()).await.unwrap().unwrap().version;
    let rotated = Entry::new(RefreshToken::new("r2"));
    store.compare_exchange(&key(), Some(version), rotated).await.unwrap().unwrap();
    endpoint.open();
    assert!(signing_out.await.unwrap().unwrap().is_revoked());
    let tokens: Vec<_> = endpoint.seen().iter().map(|seen| seen.form("token").unwrap()).collect();
    assert_eq!(tokens, ["r1", "r2"]);
    assert!(store.load(&key()).await.unwrap().is_none());
}

/// A store in which reading, writing or both fail.
#[derive(Debug)]
struct Broken {
    inner: MemoryStore,
    unreadable: bool,
    unremovable: bool,
    /// The store cannot report changes.
    mute: bool,
}

impl Broken {
    fn over(inner: MemoryStore) -> Self {
        Self { inner, unreadable: false, unremovable: false, mute: false }
    }
}

#[async_trait]
impl TokenStore for Broken {
    async fn load(&self, key: &StoreKey) -> Result<Option<Record>, StoreError> {
        if self.unreadable {
            return Err(StoreError::new("the record cannot be read", "bad seal"));
        }
        self.inner.load(key).await
    }

    async fn compare_exchange(
        &self,
        key: &StoreKey,
        expected: Option<Version>,
        entry: Entry,
    ) -> Result<Option<Version>, StoreError> {
        self.inner.compare_exchange(key, expected, entry).await
    }

    async fn remove(&self, key: &StoreKey) -> Result<(), StoreError> {
        if self.unremovable {
            return Err(StoreError::new("the store cannot be written", "read-only"));
        }
        self.inner.remove(key).await
    }

    async fn changed(&self, key: &StoreKey, seen: Version) -> Result<(), StoreError> {
        if self.mute {
            return Err(StoreError::new("the store cannot be watched", "no watch"));
        }
        self.inner.changed(key, seen).await
    }
}

#[tokio::test]
async fn rv03_a_record_that_cannot_be_read_is_removed_all_the_same() {
    let clock = TestClock::new();
    let inner = store_with(&clock, "r1").await;
    let endpoint = FakeTokenEndpoint::scripted(|_, _| Ok(respond(200, "")));
    let sign_in = client(&endpoint, &clock, profile());
    let unreadable = Broken { unreadable: true, ..Broken::over(inner.clone()) };
    let signed_out = sign_in.sign_out(&unreadable, &key()).await.unwrap();
    let SignedOut::NotRevoked(error) = signed_out else { panic!("{signed_out:?}") };
    assert_eq!(error.kind(), ErrorKind::Store);
    assert!(inner.load(&key()).await.unwrap().is_none());

    let unremovable = Broken { unremovable: true, ..Broken::over(store_with(&clock, "r1").await) };
    let error = sign_in.sign_out(&unremovable, &key()).await.unwrap_err();
    assert_eq!((error.kind(), endpoint.count()), (ErrorKind::Store, 1));
}

/// Returns the exchange and the key of a person's sign-in, in a store that the sign-out shares.
fn signed_in(store: &MemoryStore, clock: &TestClock, endpoint: &FakeTokenEndpoint) -> (Exchange, StoreKey) {
    let exchange = Exchange::builder(profile(), Credential::new("client", "client-secret"), Grant::Stored)
        .transport(endpoint.transport())
        .clock(Arc::new(clock.clone()))
        .store(Arc::new(store.clone()))
        .build()
        .unwrap();
    let key = exchange.store_key().unwrap().clone();
    (exchange, key)
}

fn rotating(n: usize) -> Response<http_body_util::Full<bytes::Bytes>> {
    let body = format!(
        r#"{{"access_token":"token-{n}","token_type":"Bearer","expires_in":3600,"refresh_token":"r{}"}}"#,
        n + 1
    );
    json_response(200, &body)
}

#[tokio::test]
async fn rv03_after_a_sign_out_no_manager_and_no_service_serves_the_token() {
    let clock = TestClock::new();
    let store = MemoryStore::with_clock(Arc::new(clock.clone()));
    let endpoint = FakeTokenEndpoint::scripted(|n, seen| match seen.uri.path() {
        "/revoke" => Ok(respond(200, "")),
        _ => Ok(rotating(n)),
    });
    let (exchange, key) = signed_in(&store, &clock, &endpoint);
    store.compare_exchange(&key, None, Entry::new(RefreshToken::new("r1"))).await.unwrap();
    let rig = Rig::with_exchange(endpoint.clone(), clock.clone(), profile(), exchange);
    let api = FakeApi::accepting();
    let mut service = rig.layer().layer(api.clone());
    // From the second call on the service has seen the token, and sends it without asking the manager.
    tower::Service::call(&mut service, get("/me")).await.unwrap();
    tower::Service::call(&mut service, get("/me")).await.unwrap();
    assert_eq!(status_at_once(&service), 200);

    let sign_in = client(&endpoint, &clock, profile());
    assert!(sign_in.sign_out(&store, &key).await.unwrap().is_revoked());
    rig.manager.forget();
    let before = api.count();
    let error = tower::Service::call(&mut service, get("/me")).await.unwrap_err();
    assert_eq!(crate::support::kind(&error), Some(ErrorKind::SignInAgain));
    assert_eq!(rig.manager.clone().token().await.unwrap_err().kind(), ErrorKind::SignInAgain);
    assert_eq!(api.count(), before);
}

#[tokio::test]
async fn rv03_a_manager_that_forgot_asks_again_and_continues_its_counts() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let first = rig.manager.token().await.unwrap();
    rig.manager.forget();
    let second = rig.manager.token().await.unwrap();
    assert_eq!(second.access_token().expose(), "token-2");
    // A late rejection of the first token does not count for the second.
    assert!(second.generation() > first.generation());
    assert_eq!(rig.manager.reject(first.generation()).await.unwrap().generation(), second.generation());
    assert_eq!(rig.endpoint.count(), 2);
}

#[tokio::test]
async fn rv03_a_remembered_failure_is_forgotten_too() {
    let rig = Rig::new(FakeTokenEndpoint::scripted(|_, _| Ok(respond(401, "{}"))));
    rig.manager.token().await.unwrap_err();
    rig.manager.token().await.unwrap_err();
    assert_eq!(rig.endpoint.count(), 1);
    rig.manager.forget();
    rig.manager.token().await.unwrap_err();
    assert_eq!(rig.endpoint.count(), 2);
}

#[tokio::test]
async fn rv03_a_token_in_progress_is_given_to_no_caller() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    rig.endpoint.hold();
    let waiting = tokio::spawn({
        let manager = rig.manager.clone();
        async move { manager.token().await }
    });
    until(|| rig.endpoint.count() == 1).await;
    rig.manager.forget();
    assert_eq!(waiting.await.unwrap().unwrap_err().kind(), ErrorKind::Interrupted);
    rig.endpoint.open();
    assert_eq!(rig.manager.token().await.unwrap().access_token().expose(), "token-2");
    assert_eq!(rig.manager.token().await.unwrap().access_token().expose(), "token-2");
}

#[tokio::test]
async fn rv03_a_renewal_in_progress_ends_before_the_source_is_asked() {
    let clock = TestClock::new();
    let store = MemoryStore::with_clock(Arc::new(clock.clone()));
    let endpoint = FakeTokenEndpoint::scripted(|n, _| Ok(rotating(n)));
    let (exchange, key) = signed_in(&store, &clock, &endpoint);
    store.compare_exchange(&key, None, Entry::new(RefreshToken::new("r1"))).await.unwrap();
    let manager = TokenManager::builder(exchange).clock(Arc::new(clock.clone())).build();
    let ask = || {
        let manager = manager.clone();
        tokio::spawn(async move { manager.token().await })
    };
    endpoint.hold();
    let first = ask();
    until(|| endpoint.count() == 1).await;
    manager.forget();
    let second = ask();
    settle().await;
    assert_eq!(endpoint.count(), 1, "the same refresh token was sent twice");
    endpoint.open();
    assert_eq!(first.await.unwrap().unwrap_err().kind(), ErrorKind::Interrupted);
    assert_eq!(second.await.unwrap().unwrap().access_token().expose(), "token-2");
    let sent: Vec<_> = endpoint.seen().iter().map(|seen| seen.form("refresh_token").unwrap()).collect();
    assert_eq!(sent, ["r1", "r2"]);
}

/// Issues equal tokens, outside any runtime.
#[derive(Debug)]
struct Always(TestClock);

#[async_trait]
impl TokenSource for Always {
    async fn token(&self, _: &TokenRequest) -> Result<IssuedToken, auth_layer::Error> {
        let asked = auth_layer::Clock::now(&self.0);
        Ok(IssuedToken::new(AccessToken::new("always")?, asked, Duration::from_secs(60)))
    }
}

#[test]
fn rv03_forgetting_needs_no_runtime() {
    let clock = TestClock::new();
    let manager = TokenManager::builder(Always(clock.clone())).clock(Arc::new(clock)).build();
    let token = || futures_util::FutureExt::now_or_never(manager.token()).unwrap().unwrap();
    let first = token().generation();
    manager.forget();
    assert!(token().generation() > first);
}

#[tokio::test]
async fn rv03_a_record_of_another_provider_or_client_is_left_alone() {
    let clock = TestClock::new();
    let endpoint = FakeTokenEndpoint::scripted(|_, _| Ok(respond(200, "")));
    let sign_in = client(&endpoint, &clock, profile());
    for (provider, client) in [("another", "client"), ("example", "another")] {
        let store = MemoryStore::with_clock(Arc::new(clock.clone()));
        let mut entry = Entry::new(RefreshToken::new("r1"));
        entry.label = Some(Label::new(provider, client, "somebody"));
        store.compare_exchange(&key(), None, entry).await.unwrap();
        let error = sign_in.sign_out(&store, &key()).await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Credential, false));
        assert_eq!(endpoint.count(), 0, "its token went to a stranger");
        assert!(store.load(&key()).await.unwrap().is_some());
    }
    let store = MemoryStore::with_clock(Arc::new(clock.clone()));
    let mut entry = Entry::new(RefreshToken::new("r1"));
    entry.label = Some(Label::new("example", "client", "somebody"));
    store.compare_exchange(&key(), None, entry).await.unwrap();
    assert!(sign_in.sign_out(&store, &key()).await.unwrap().is_revoked());
}

#[tokio::test]
async fn rv03_a_store_without_notices_is_read_again_after_the_lease() {
    let clock = TestClock::new();
    let inner = store_with(&clock, "r1").await;
    let mut marked = Entry::new(RefreshToken::new("r1"));
    marked.state = State::Redeeming { holder: "another".to_owned(), lease: Duration::from_secs(60) };
    let version = inner.load(&key()).await.unwrap().unwrap().version;
    inner.compare_exchange(&key(), Some(version), marked).await.unwrap().unwrap();
    let endpoint = FakeTokenEndpoint::scripted(|_, _| Ok(respond(200, "")));
    let sign_in = client(&endpoint, &clock, profile());
    let mute = Broken { mute: true, ..Broken::over(inner.clone()) };
    let signing_out = tokio::spawn(async move { sign_in.sign_out(&mute, &key()).await });
    settle().await;
    clock.advance(Duration::from_secs(59));
    settle().await;
    assert!(!signing_out.is_finished() && endpoint.count() == 0);
    clock.advance(Duration::from_secs(1));
    assert!(signing_out.await.unwrap().unwrap().is_revoked());
    assert_eq!(endpoint.seen()[0].form("token").as_deref(), Some("r1"));
    assert!(inner.load(&key()).await.unwrap().is_none());
}

#[tokio::test]
async fn rv03_an_exchange_with_a_given_refresh_token_starts_again_with_it() {
    let clock = TestClock::new();
    let store = MemoryStore::with_clock(Arc::new(clock.clone()));
    let endpoint = FakeTokenEndpoint::scripted(|n, seen| match seen.uri.path() {
        "/revoke" => Ok(respond(200, "")),
        _ => Ok(rotating(n)),
    });
    let grant = Grant::refresh_token(RefreshToken::new("r0"));
    let exchange = Exchange::builder(profile(), Credential::new("client", "client-secret"), grant)
        .transport(endpoint.transport())
        .clock(Arc::new(clock.clone()))
        .store(Arc::new(store.clone()))
        .build()
        .unwrap();
    let key = exchange.store_key().unwrap().clone();
    let manager = TokenManager::builder(exchange).clock(Arc::new(clock.clone())).build();
    manager.token().await.unwrap();
    let sign_in = client(&endpoint, &clock, profile());
    assert!(sign_in.sign_out(&store, &key).await.unwrap().is_revoked());
    manager.forget();
    manager.token().await.unwrap();
    assert_eq!(endpoint.seen()[2].form("refresh_token").as_deref(), Some("r0"));
}
