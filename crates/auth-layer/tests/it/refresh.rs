//! Refresh tokens: which one is sent, where it is kept, and when it has ended.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use auth_layer::leaf::reqwest::ReqwestLeaf;
use auth_layer::source::{ExchangeBuilder, TokenRequest};
use auth_layer::store::{Entry, Record, State, StoreError, StoreKey, Version};
use auth_layer::{
    ClientAuth, Credential, Encoding, Error, ErrorKind, Exchange, Grant, MemoryStore, Profile, RefreshToken,
    ReplayRule, TestClock, TokenManager, TokenSource, TokenStore, Transport, leaf,
};
use bytes::Bytes;
use futures_util::future::join;
use http::Response;
use http_body_util::Full;
use tower::{Layer, ServiceExt};

use crate::loopback::Closed;
use crate::support::{
    FakeApi, FakeTokenEndpoint, Rig, Seen, example, get, json_response, logged, poll_once, respond, until,
};

/// Returns a token answer with the access token `a<n>` for 3600 s, with or without a refresh token.
pub(crate) fn refreshed(n: usize, refresh_token: Option<&str>) -> Response<Full<Bytes>> {
    let mut body =
        serde_json::json!({"access_token": format!("a{n}"), "token_type": "Bearer", "expires_in": 3600});
    if let Some(refresh_token) = refresh_token {
        body["refresh_token"] = refresh_token.into();
    }
    json_response(200, &body.to_string())
}

/// Returns an endpoint that issues a new refresh token each time: `r1`, `r2` and so on.
fn rotating() -> FakeTokenEndpoint {
    FakeTokenEndpoint::scripted(|n, _| Ok(refreshed(n, Some(&format!("r{n}")))))
}

pub(crate) fn invalid_grant() -> Response<Full<Bytes>> {
    json_response(400, r#"{"error":"invalid_grant","error_description":"revoked"}"#)
}

/// Returns the refresh tokens that were sent, in order.
pub(crate) fn sent(endpoint: &FakeTokenEndpoint) -> Vec<String> {
    endpoint.seen().iter().map(|seen| seen.form("refresh_token").expect("a refresh")).collect()
}

/// Returns an exchange that starts with `r0`.
fn redeeming(endpoint: &FakeTokenEndpoint, clock: &TestClock, profile: &Profile) -> ExchangeBuilder {
    let grant = Grant::refresh_token(RefreshToken::new("r0"));
    Exchange::builder(profile.clone(), Credential::new("client", "client-secret"), grant)
        .transport(endpoint.transport())
        .clock(Arc::new(clock.clone()))
        .timeout(Duration::from_secs(10))
}

/// A rig whose manager redeems, its store, and the key of its record.
struct Signed {
    rig: Rig,
    store: MemoryStore,
    key: StoreKey,
}

impl Signed {
    fn new(endpoint: FakeTokenEndpoint) -> Self {
        Self::with_profile(endpoint, example())
    }

    fn with_profile(endpoint: FakeTokenEndpoint, profile: Profile) -> Self {
        let clock = TestClock::new();
        let store = MemoryStore::with_clock(Arc::new(clock.clone()));
        let exchange = redeeming(&endpoint, &clock, &profile).store(Arc::new(store.clone())).build().unwrap();
        let key = exchange.store_key().expect("it has a record").clone();
        Self { rig: Rig::with_exchange(endpoint, clock, profile, exchange), store, key }
    }

    async fn record(&self) -> Record {
        self.store.load(&self.key).await.unwrap().expect("a record")
    }

    async fn write(&self, entry: Entry) {
        let version = self.record().await.version;
        assert!(self.store.compare_exchange(&self.key, Some(version), entry).await.unwrap().is_some());
    }

    async fn token(&self) -> Result<String, Error> {
        self.rig.manager.token().await.map(|token| token.access_token().expose().to_owned())
    }

    async fn kind(&self) -> ErrorKind {
        self.token().await.unwrap_err().kind()
    }
}

#[tokio::test]
async fn two_calls_of_one_exchange_at_once_refresh_one_after_the_other() {
    let (endpoint, clock) = (rotating(), TestClock::new());
    let profile = example().with_replay_rule(ReplayRule::KillsFamily);
    let exchange = redeeming(&endpoint, &clock, &profile).build().unwrap();
    endpoint.hold();
    let request = TokenRequest::new();
    let mut both = std::pin::pin!(join(exchange.token(&request), exchange.token(&request)));
    // The first request is on its way now, and the second call has come as far as it can.
    assert!(poll_once(&mut both).is_pending());
    assert_eq!(endpoint.count(), 1);
    endpoint.open();
    let (one, two) = both.await;
    assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
    assert_eq!(sent(&endpoint), ["r0", "r1"]);
}

#[tokio::test]
async fn a_call_does_not_wait_for_ever_for_one_that_is_not_polled() {
    let (endpoint, clock) = (rotating(), TestClock::new());
    let exchange = redeeming(&endpoint, &clock, &example()).build().unwrap();
    endpoint.hold();
    let request = TokenRequest::new();
    let mut unpolled = exchange.token(&request);
    assert!(poll_once(&mut unpolled).is_pending());
    let mut second = exchange.token(&request);
    assert!(poll_once(&mut second).is_pending());
    clock.advance(Duration::from_secs(3600));
    let Poll::Ready(Err(error)) = poll_once(&mut second) else { panic!("it waits for ever") };
    assert_eq!((error.kind(), endpoint.count()), (ErrorKind::Timeout, 1), "{error}");
}

/// A store that is slow to write an answer.
#[derive(Debug)]
struct SlowStore {
    inner: MemoryStore,
    /// Writes wait until this is set.
    open: Arc<AtomicBool>,
}

#[async_trait]
impl TokenStore for SlowStore {
    async fn load(&self, key: &StoreKey) -> Result<Option<Record>, StoreError> {
        self.inner.load(key).await
    }

    async fn compare_exchange(
        &self,
        key: &StoreKey,
        expected: Option<Version>,
        entry: Entry,
    ) -> Result<Option<Version>, StoreError> {
        while entry.access_token.is_some() && entry.state == State::Idle && !self.open.load(Ordering::Relaxed)
        {
            tokio::task::yield_now().await;
        }
        self.inner.compare_exchange(key, expected, entry).await
    }

    async fn remove(&self, key: &StoreKey) -> Result<(), StoreError> {
        self.inner.remove(key).await
    }

    async fn changed(&self, key: &StoreKey, seen: Version) -> Result<(), StoreError> {
        self.inner.changed(key, seen).await
    }
}

#[tokio::test]
async fn rf01_a_new_refresh_token_is_stored_before_the_token_is_returned() {
    let (endpoint, clock) = (rotating(), TestClock::new());
    let open = Arc::new(AtomicBool::new(false));
    let memory = MemoryStore::with_clock(Arc::new(clock.clone()));
    let store = SlowStore { inner: memory.clone(), open: open.clone() };
    let exchange = redeeming(&endpoint, &clock, &example()).store(Arc::new(store)).build().unwrap();
    let key = exchange.store_key().unwrap().clone();
    let rig = Rig::with_exchange(endpoint, clock, example(), exchange);

    let manager = rig.manager.clone();
    let call = tokio::spawn(async move { manager.token().await });
    until(|| rig.endpoint.count() == 1).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!call.is_finished(), "the access token was seen before the store had the refresh token");
    assert_eq!(memory.load(&key).await.unwrap().unwrap().entry.refresh_token.expose(), "r0");

    open.store(true, Ordering::Relaxed);
    assert_eq!(call.await.unwrap().unwrap().access_token().expose(), "a1");
    let entry = memory.load(&key).await.unwrap().unwrap().entry;
    assert_eq!((entry.refresh_token.expose(), entry.state), ("r1", State::Idle));

    // The new token is also in memory: the next refresh uses it.
    rig.advance(3_601);
    rig.manager.token().await.unwrap();
    assert_eq!(sent(&rig.endpoint), ["r0", "r1"]);
}

#[tokio::test]
async fn rf01_the_mark_is_in_the_store_before_the_token_leaves() {
    let signed = Signed::new(rotating());
    signed.rig.endpoint.hold();
    let mut call = Box::pin(signed.token());
    assert!(poll_once(&mut call).is_pending());
    until(|| signed.rig.endpoint.count() == 1).await;
    assert!(matches!(signed.record().await.entry.state, State::Redeeming { .. }));
    signed.rig.endpoint.open();
    call.await.unwrap();
    assert_eq!(signed.record().await.entry.state, State::Idle);
}

#[tokio::test]
async fn b76_an_answer_without_a_refresh_token_keeps_the_old_one() {
    let answers = [None, Some("r2"), Some(""), None, Some("r5")];
    let endpoint =
        FakeTokenEndpoint::scripted(move |n, _| Ok(refreshed(n, answers.get(n - 1).copied().flatten())));
    let signed = Signed::new(endpoint);
    for (n, kept) in [(1, "r0"), (2, "r2"), (3, "r2"), (4, "r2"), (5, "r5"), (6, "r5")] {
        assert_eq!(signed.token().await.unwrap(), format!("a{n}"));
        assert_eq!(signed.record().await.entry.refresh_token.expose(), kept);
        signed.rig.advance(3_601);
    }
    assert_eq!(sent(&signed.rig.endpoint), ["r0", "r0", "r2", "r2", "r2", "r5"]);
}

#[tokio::test]
async fn rf02_no_refresh_token_or_an_empty_one_keeps_the_old_one() {
    for none in [r#""refresh_token":"""#, r#""refresh_token":null"#, r#""x":1"#] {
        let body = format!(r#"{{"access_token":"a","token_type":"Bearer","expires_in":60,{none}}}"#);
        let signed = Signed::new(FakeTokenEndpoint::scripted(move |_, _| Ok(json_response(200, &body))));
        signed.token().await.unwrap();
        signed.rig.advance(61);
        signed.token().await.unwrap();
        assert_eq!(sent(&signed.rig.endpoint), ["r0", "r0"], "{none}");
    }
}

#[tokio::test]
async fn rf03_a_refresh_asks_for_no_scope() {
    let profile = example().with_scope("read write admin".parse().unwrap());
    let signed = Signed::with_profile(rotating(), profile.clone());
    signed.token().await.unwrap();
    assert_eq!(signed.rig.endpoint.seen()[0].body, "grant_type=refresh_token&refresh_token=r0");
    // It cannot be switched on, either.
    let (endpoint, clock) = (rotating(), TestClock::new());
    let wider = example().with_parameter("scope", "admin");
    assert!(redeeming(&endpoint, &clock, &wider).build().is_err());
}

#[tokio::test]
async fn rs10_a_token_that_lacks_a_required_scope_is_not_left_for_others() {
    let endpoint = FakeTokenEndpoint::scripted(|n, _| {
        let body = r#"{"access_token":"a","token_type":"Bearer","expires_in":3600,"scope":"read","refresh_token":"r"}"#;
        Ok(json_response(200, &body.replace(r#""r""#, &format!(r#""r{n}""#))))
    });
    let clock = TestClock::new();
    let store = Arc::new(MemoryStore::with_clock(Arc::new(clock.clone())));
    for n in 1..=2 {
        let exchange = redeeming(&endpoint, &clock, &example())
            .store(store.clone())
            .require_scope("write".parse().unwrap())
            .build()
            .unwrap();
        let key = exchange.store_key().unwrap().clone();
        let manager = TokenManager::builder(exchange).clock(Arc::new(clock.clone())).build();
        assert_eq!(manager.token().await.unwrap_err().kind(), ErrorKind::Scope);
        // The refresh token of the same answer is kept.
        assert_eq!(store.load(&key).await.unwrap().unwrap().entry.refresh_token.expose(), format!("r{n}"));
    }
    assert_eq!(sent(&endpoint), ["r0", "r1"]);
}

#[tokio::test]
async fn rf04_two_managers_over_one_store_redeem_once() {
    let (endpoint, clock) = (rotating(), TestClock::new());
    let store = Arc::new(MemoryStore::with_clock(Arc::new(clock.clone())));
    let managers = [(); 2].map(|()| {
        let exchange = redeeming(&endpoint, &clock, &example()).store(store.clone()).build().unwrap();
        TokenManager::builder(exchange).clock(Arc::new(clock.clone())).build()
    });
    let [one, two] = &managers;
    for round in 0..3 {
        endpoint.hold();
        let calls = tokio::spawn({
            let (one, two) = (one.clone(), two.clone());
            async move { join(one.token(), two.token()).await }
        });
        // One request is in progress, and the other caller has gone as far as it can.
        until(|| endpoint.count() == round + 1).await;
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        endpoint.open();
        let (first, second) = calls.await.unwrap();
        let expected = format!("a{}", round + 1);
        assert_eq!(first.unwrap().access_token().expose(), expected);
        assert_eq!(second.unwrap().access_token().expose(), expected);
        clock.advance(Duration::from_secs(3_601));
    }
    assert_eq!(sent(&endpoint), ["r0", "r1", "r2"]);
}

#[tokio::test]
async fn rf04_within_a_process_many_callers_redeem_once() {
    let signed = Signed::new(rotating());
    signed.rig.endpoint.hold();
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let manager = signed.rig.manager.clone();
            tokio::spawn(async move { manager.token().await.map(|token| token.generation()) })
        })
        .collect();
    until(|| signed.rig.endpoint.count() == 1).await;
    signed.rig.endpoint.open();
    for call in calls {
        assert!(call.await.unwrap().is_ok());
    }
    assert_eq!(sent(&signed.rig.endpoint), ["r0"]);
}

#[tokio::test]
async fn rf05_a_refresh_whose_caller_has_gone_is_stored() {
    let signed = Signed::new(rotating());
    signed.rig.endpoint.hold();
    {
        let mut call = Box::pin(signed.rig.manager.token());
        assert!(poll_once(&mut call).is_pending());
        until(|| signed.rig.endpoint.count() == 1).await;
    }
    signed.rig.endpoint.open();
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(signed.record().await.entry.refresh_token.expose(), "r1");
    assert_eq!(signed.token().await.unwrap(), "a1");
    assert_eq!(signed.rig.endpoint.count(), 1);
}

#[tokio::test]
async fn rf05_a_refresh_whose_every_owner_has_gone_is_stored() {
    let Signed { rig, store, key } = Signed::new(rotating());
    rig.endpoint.hold();
    let endpoint = rig.endpoint.clone();
    {
        let mut call = Box::pin(rig.manager.token());
        assert!(poll_once(&mut call).is_pending());
        until(|| endpoint.count() == 1).await;
    }
    drop(rig);
    endpoint.open();
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    let entry = store.load(&key).await.unwrap().unwrap().entry;
    assert_eq!((entry.refresh_token.expose(), entry.state), ("r1", State::Idle));
}

/// Returns an endpoint that loses its first answers, and then rotates.
fn losing(answers: usize) -> FakeTokenEndpoint {
    FakeTokenEndpoint::scripted(move |n, _| match n {
        n if n <= answers => Err("connection reset by peer".into()),
        n => Ok(refreshed(n, Some(&format!("r{n}")))),
    })
}

#[tokio::test]
async fn rf06_where_a_replay_revokes_no_token_is_sent_twice() {
    let signed = Signed::with_profile(losing(1), example().with_replay_rule(ReplayRule::KillsFamily));
    assert_eq!(signed.kind().await, ErrorKind::Transport);
    for _ in 0..20 {
        signed.rig.advance(60);
        assert_eq!(signed.kind().await, ErrorKind::SignInAgain);
    }
    assert_eq!(sent(&signed.rig.endpoint), ["r0"]);
}

#[tokio::test]
async fn rf06_a_timeout_after_sending_is_a_lost_answer() {
    let signed = Signed::with_profile(rotating(), example().with_replay_rule(ReplayRule::KillsFamily));
    signed.rig.endpoint.hold();
    let manager = signed.rig.manager.clone();
    let call = tokio::spawn(async move { manager.token().await });
    until(|| signed.rig.endpoint.count() == 1).await;
    signed.rig.advance(10);
    until(|| call.is_finished()).await;
    assert_eq!(call.await.unwrap().unwrap_err().kind(), ErrorKind::Timeout);
    signed.rig.endpoint.open();
    signed.rig.advance(60);
    assert_eq!(signed.kind().await, ErrorKind::SignInAgain);
    assert_eq!(sent(&signed.rig.endpoint), ["r0"]);
}

#[tokio::test]
async fn rf06_an_answer_that_cannot_be_used_is_a_lost_one() {
    // The server has accepted the token, and its answer is lost.
    for body in ["<html>", "", r#"{"message":"maintenance"}"#] {
        let endpoint = FakeTokenEndpoint::scripted(move |_, _| Ok(json_response(200, body)));
        let signed = Signed::with_profile(endpoint, example().with_replay_rule(ReplayRule::KillsFamily));
        assert_eq!(signed.kind().await, ErrorKind::InvalidAnswer);
        signed.rig.advance(60);
        assert_eq!(signed.kind().await, ErrorKind::SignInAgain);
        assert_eq!(signed.rig.endpoint.count(), 1);
    }
}

#[tokio::test]
async fn rf06_a_refusal_is_not_a_lost_answer() {
    for (status, body) in
        [(503, ""), (401, r#"{"error":"invalid_client"}"#), (200, r#"{"error":"try_later"}"#)]
    {
        let endpoint = FakeTokenEndpoint::scripted(move |n, _| match n {
            1 => Ok(json_response(status, body)),
            n => Ok(refreshed(n, None)),
        });
        let signed = Signed::with_profile(endpoint, example().with_replay_rule(ReplayRule::KillsFamily));
        assert_eq!(signed.kind().await, ErrorKind::Refused);
        signed.rig.advance(60);
        assert_eq!(signed.token().await.unwrap(), "a2");
        assert_eq!(sent(&signed.rig.endpoint), ["r0", "r0"]);
    }
}

#[tokio::test]
async fn rf06_a_status_that_grants_nothing_is_a_refusal_whatever_its_body() {
    let page = "<html>".repeat(20_000);
    for status in [301, 302, 307, 400, 403, 404, 429, 501, 503, 511, 521, 525] {
        for body in ["", &page] {
            let body = body.to_owned();
            let endpoint = FakeTokenEndpoint::scripted(move |n, _| match n {
                1 => Ok(json_response(status, &body)),
                n => Ok(refreshed(n, None)),
            });
            let signed = Signed::with_profile(endpoint, example().with_replay_rule(ReplayRule::KillsFamily));
            assert_eq!(signed.kind().await, ErrorKind::Refused, "{status}");
            signed.rig.advance(60);
            assert_eq!(signed.token().await.unwrap(), "a2", "{status}");
            assert_eq!(sent(&signed.rig.endpoint), ["r0", "r0"], "{status}");
        }
    }
}

#[tokio::test]
async fn rf06_a_token_that_never_left_is_not_lost() {
    let hyper = Transport::new(leaf::hyper_util::client().unwrap());
    for transport in [hyper, Transport::new(ReqwestLeaf::new().unwrap())] {
        let closed = Closed::new();
        let (endpoint, clock) = (rotating(), TestClock::new());
        let profile = example().with_replay_rule(ReplayRule::KillsFamily);
        let profile = profile.with_token_url(&closed.url("/token")).unwrap();
        let store = MemoryStore::with_clock(Arc::new(clock.clone()));
        let exchange = redeeming(&endpoint, &clock, &profile)
            .transport(transport)
            .store(Arc::new(store.clone()))
            .build()
            .unwrap();
        let key = exchange.store_key().unwrap().clone();
        let rig = Rig::with_exchange(endpoint, clock, profile, exchange);
        for _ in 0..2 {
            let error = rig.manager.token().await.unwrap_err();
            assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Transport, true));
            assert_eq!(store.load(&key).await.unwrap().unwrap().entry.state, State::Idle);
            rig.advance(60);
        }
    }
}

#[tokio::test]
async fn rf06_another_process_does_not_send_a_token_that_was_left_marked() {
    let (endpoint, clock) = (losing(1), TestClock::new());
    let store = Arc::new(MemoryStore::with_clock(Arc::new(clock.clone())));
    let profile = example().with_replay_rule(ReplayRule::KillsFamily);
    let manager = || {
        let exchange = redeeming(&endpoint, &clock, &profile).store(store.clone()).build().unwrap();
        TokenManager::builder(exchange).clock(Arc::new(clock.clone())).build()
    };
    assert_eq!(manager().token().await.unwrap_err().kind(), ErrorKind::Transport);
    // The lease of the mark has ended: its holder will not return.
    clock.advance(Duration::from_secs(60));
    assert_eq!(manager().token().await.unwrap_err().kind(), ErrorKind::SignInAgain);
    assert_eq!(sent(&endpoint), ["r0"]);
}

#[tokio::test]
async fn rf06_a_grace_period_allows_one_retry_within_it() {
    let grace = || example().with_replay_rule(ReplayRule::Grace(Duration::from_secs(30)));

    let signed = Signed::with_profile(losing(1), grace());
    assert_eq!(signed.kind().await, ErrorKind::Transport);
    signed.rig.advance(29);
    assert_eq!(signed.token().await.unwrap(), "a2");
    assert_eq!(sent(&signed.rig.endpoint), ["r0", "r0"]);
    // The new token is an ordinary one.
    signed.rig.advance(3_601);
    assert_eq!(signed.token().await.unwrap(), "a3");

    let too_late = Signed::with_profile(losing(1), grace());
    assert_eq!(too_late.kind().await, ErrorKind::Transport);
    too_late.rig.advance(30);
    assert_eq!(too_late.kind().await, ErrorKind::SignInAgain);
    assert_eq!(sent(&too_late.rig.endpoint), ["r0"]);

    let twice = Signed::with_profile(losing(2), grace());
    assert_eq!(twice.kind().await, ErrorKind::Transport);
    twice.rig.advance(2);
    assert_eq!(twice.kind().await, ErrorKind::Transport);
    for _ in 0..10 {
        twice.rig.advance(5);
        assert_eq!(twice.kind().await, ErrorKind::SignInAgain);
    }
    assert_eq!(sent(&twice.rig.endpoint), ["r0", "r0"]);
}

#[tokio::test]
async fn rf06_without_revocation_a_lost_answer_is_requested_again() {
    for rule in [ReplayRule::Reusable, ReplayRule::Unknown] {
        let signed = Signed::with_profile(losing(3), example().with_replay_rule(rule));
        for _ in 0..3 {
            assert_eq!(signed.kind().await, ErrorKind::Transport);
            signed.rig.advance(60);
        }
        assert_eq!(signed.token().await.unwrap(), "a4");
        assert_eq!(sent(&signed.rig.endpoint), ["r0"; 4]);
    }
}

#[tokio::test]
async fn rf07_a_refresh_token_goes_to_its_own_issuer_as_its_own_client() {
    let clock = TestClock::new();
    let store = Arc::new(MemoryStore::with_clock(Arc::new(clock.clone())));
    let manage = |endpoint: &FakeTokenEndpoint, profile: Profile, client: &str, first: &str| {
        let grant = Grant::refresh_token(RefreshToken::new(first));
        let exchange = Exchange::builder(profile, Credential::new(client, "client-secret"), grant)
            .transport(endpoint.transport())
            .clock(Arc::new(clock.clone()))
            .store(store.clone())
            .build()
            .unwrap();
        TokenManager::builder(exchange).clock(Arc::new(clock.clone())).build()
    };
    let elsewhere = Profile::new("elsewhere", "https://auth.example.org/token").unwrap();
    // One store, and identities that differ in one part each.
    let identities = [
        (example(), "client", "r-one"),
        (elsewhere, "client", "r-two"),
        (example(), "other", "r-three"),
        (example().with_parameter("tenant", "t"), "client", "r-four"),
    ];
    for (profile, client, first) in identities {
        let endpoint =
            FakeTokenEndpoint::scripted(move |n, _| Ok(refreshed(n, Some(&format!("{first}-{n}")))));
        let manager = manage(&endpoint, profile.clone(), client, first);
        manager.token().await.unwrap();
        clock.advance(Duration::from_secs(3_601));
        manager.token().await.unwrap();
        assert_eq!(sent(&endpoint), [first.to_owned(), format!("{first}-1")]);
        assert!(endpoint.seen().iter().all(|seen| seen.uri == *profile.token_url()));
    }
}

#[tokio::test]
async fn rf07_a_refresh_token_is_sent_only_to_the_token_endpoint() {
    let signed = Signed::new(rotating());
    let api = FakeApi::scripted(|n, _| if n == 1 { respond(401, "r0") } else { respond(200, "ok") });
    signed.rig.layer().layer(api.clone()).oneshot(get("/me")).await.unwrap();
    assert_eq!(api.bearers(), ["a1", "a2"]);
    let visible = |seen: &Seen| {
        let values: Vec<_> = seen.headers.values().map(|value| value.to_str().unwrap()).collect();
        format!("{seen:?} {values:?}")
    };
    for token in ["r0", "r1", "r2"] {
        assert!(!api.seen().iter().any(|seen| visible(seen).contains(token)));
    }
}

#[tokio::test]
async fn rf08_the_end_of_an_access_token_leaves_the_refresh_token() {
    let signed = Signed::new(rotating());
    signed.token().await.unwrap();
    for _ in 0..10 {
        signed.rig.advance(86_400);
        assert_eq!(signed.record().await.entry.refresh_token.expose(), "r1");
    }
    assert_eq!(signed.token().await.unwrap(), "a2");
}

#[tokio::test]
async fn rf08_the_end_of_a_refresh_token_leaves_the_access_token() {
    let signed = Signed::new(rotating());
    let api = FakeApi::accepting();
    let service = signed.rig.layer().layer(api.clone());
    service.clone().oneshot(get("/me")).await.unwrap();
    signed.rig.endpoint.now(|_, _| Ok(invalid_grant()));
    // The early renewal learns that the grant has ended.
    signed.rig.advance(3_500);
    service.clone().oneshot(get("/me")).await.unwrap();
    until(|| signed.rig.manager.stats().failures == 1).await;
    let entry = signed.record().await.entry;
    assert_eq!((entry.state, entry.last_error.as_deref()), (State::Ended, Some("invalid_grant")));
    assert_eq!(entry.access_token.unwrap().expose(), "a1");
    // The access token has 100 s left, and is used until then.
    signed.rig.advance(99);
    assert_eq!(service.clone().oneshot(get("/me")).await.unwrap().status(), 200);
    assert_eq!(api.bearers(), ["a1"; 3]);
    signed.rig.advance(1);
    let error = service.oneshot(get("/me")).await.unwrap_err();
    assert_eq!(Error::find(error.as_ref()).map(Error::kind), Some(ErrorKind::SignInAgain));
    assert_eq!(signed.rig.endpoint.count(), 2);
}

#[tokio::test]
async fn rf09_a_refresh_token_that_changes_late_needs_no_special_case() {
    // Every hour for 40 days; a new one from day 30 on.
    let days = |n: usize| n / 24;
    let endpoint = FakeTokenEndpoint::scripted(move |n, _| {
        Ok(refreshed(n, Some(if days(n) < 30 { "r0" } else { "r-next" })))
    });
    let signed = Signed::with_profile(endpoint, example().with_replay_rule(ReplayRule::Reusable));
    for n in 1..=40 * 24 {
        assert_eq!(signed.token().await.unwrap(), format!("a{n}"));
        signed.rig.advance(3_600);
    }
    let sent = sent(&signed.rig.endpoint);
    assert_eq!(sent.iter().filter(|token| *token == "r0").count(), 30 * 24);
    assert!(sent[30 * 24..].iter().all(|token| token == "r-next"));
}

#[tokio::test]
async fn rf11_a_revoked_grant_is_a_typed_signal_and_no_loop() {
    let signed = Signed::new(FakeTokenEndpoint::scripted(|n, _| match n {
        1 => Ok(refreshed(1, None)),
        _ => Ok(invalid_grant()),
    }));
    let api = FakeApi::scripted(|_, _| respond(401, "revoked"));
    let service = signed.rig.layer().layer(api.clone());
    // The API rejects the token, and the token endpoint rejects the grant. The caller gets the API's own answer after
    // one call.
    assert_eq!(service.clone().oneshot(get("/me")).await.unwrap().status(), 401);
    assert_eq!((api.count(), signed.rig.endpoint.count()), (1, 2));

    signed.rig.advance(3_601);
    for _ in 0..50 {
        let error = service.clone().oneshot(get("/me")).await.unwrap_err();
        let error = Error::find(error.as_ref()).unwrap();
        assert_eq!((error.kind(), error.is_transient()), (ErrorKind::SignInAgain, false));
        signed.rig.advance(60);
    }
    assert_eq!((api.count(), signed.rig.endpoint.count()), (1, 2));
}

#[tokio::test]
async fn rf11_signing_in_again_heals_without_a_restart() {
    let signed = Signed::new(FakeTokenEndpoint::scripted(|n, seen| {
        Ok(if seen.form("refresh_token").as_deref() == Some("r-new") {
            refreshed(n, None)
        } else {
            invalid_grant()
        })
    }));
    assert_eq!(signed.kind().await, ErrorKind::SignInAgain);
    signed.write(Entry::new(RefreshToken::new("r-new"))).await;
    signed.rig.advance(6);
    assert_eq!(signed.token().await.unwrap(), "a2");
}

#[tokio::test]
async fn te04_a_dead_grant_is_believed_only_after_a_look_into_the_store() {
    // While `r0` is being sent, a person signs in again, which writes another token.
    let written = Arc::new(Mutex::new(None));
    let endpoint = FakeTokenEndpoint::scripted({
        let written = written.clone();
        move |n, seen| {
            if seen.form("refresh_token").as_deref() != Some("r0") {
                return Ok(refreshed(n, None));
            }
            let (store, key): (MemoryStore, StoreKey) = written.lock().unwrap().take().expect("asked once");
            futures_util::FutureExt::now_or_never(async {
                let version = store.load(&key).await.unwrap().unwrap().version;
                let entry = Entry::new(RefreshToken::new("r-other"));
                assert!(store.compare_exchange(&key, Some(version), entry).await.unwrap().is_some());
            })
            .expect("a memory never waits");
            Ok(invalid_grant())
        }
    });
    let signed = Signed::new(endpoint);
    *written.lock().unwrap() = Some((signed.store.clone(), signed.key.clone()));
    assert_eq!(signed.token().await.unwrap(), "a2");
    assert_eq!(sent(&signed.rig.endpoint), ["r0", "r-other"]);
}

#[tokio::test]
async fn te04_a_grant_that_is_dead_is_sent_no_more() {
    let signed = Signed::new(FakeTokenEndpoint::scripted(|_, _| Ok(invalid_grant())));
    let error = signed.rig.manager.token().await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::SignInAgain, false));
    assert!(error.to_string().contains("sign in again"), "{error}");
    let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<Error>()).unwrap();
    assert_eq!(cause.oauth().unwrap().code(), "invalid_grant");
    let entry = signed.record().await.entry;
    assert_eq!((entry.state, entry.last_error.as_deref()), (State::Ended, Some("invalid_grant")));

    for _ in 0..20 {
        signed.rig.advance(3_600);
        assert_eq!(signed.kind().await, ErrorKind::SignInAgain);
    }
    assert_eq!(signed.rig.endpoint.count(), 1);
    // The next process that opens the store does not send it either.
    let (endpoint, clock) = (signed.rig.endpoint.clone(), signed.rig.clock.clone());
    let store = Arc::new(signed.store.clone());
    let exchange = redeeming(&endpoint, &clock, &example()).store(store).build().unwrap();
    let error = TokenManager::builder(exchange).clock(Arc::new(clock)).build().token().await.unwrap_err();
    assert_eq!((error.kind(), endpoint.count()), (ErrorKind::SignInAgain, 1));
}

#[tokio::test]
async fn b28_a_server_in_trouble_is_not_believed() {
    for status in [500, 503, 429] {
        let signed = Signed::with_profile(
            FakeTokenEndpoint::scripted(move |n, _| match n {
                1 => Ok(json_response(status, r#"{"error":"invalid_grant"}"#)),
                n => Ok(refreshed(n, None)),
            }),
            example().with_replay_rule(ReplayRule::KillsFamily),
        );
        let error = signed.rig.manager.token().await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Refused, true));
        let entry = signed.record().await.entry;
        assert_eq!((entry.refresh_token.expose(), entry.state), ("r0", State::Idle));
        signed.rig.advance(60);
        assert_eq!(signed.token().await.unwrap(), "a2");
    }
}

#[tokio::test]
async fn te07_a_refresh_is_never_sent_in_two_ways() {
    for status in [400, 401, 415] {
        for client_auth in [ClientAuth::Basic, ClientAuth::BasicRaw, ClientAuth::body()] {
            for encoding in [Encoding::Form, Encoding::Json] {
                let endpoint = FakeTokenEndpoint::scripted(move |_, _| {
                    Ok(json_response(status, r#"{"error":"invalid_client"}"#))
                });
                let profile = example().with_client_auth(client_auth.clone()).with_encoding(encoding);
                let signed = Signed::with_profile(endpoint, profile.with_either_encoding());
                assert_eq!(signed.kind().await, ErrorKind::Refused);
                assert_eq!(signed.rig.endpoint.count(), 1);
                // A later attempt writes it in the same way.
                signed.rig.advance(60);
                assert_eq!(signed.kind().await, ErrorKind::Refused);
                let seen = signed.rig.endpoint.seen();
                assert_eq!(seen[0].headers, seen[1].headers);
                assert_eq!(seen[0].body, seen[1].body);
            }
        }
    }
}

/// Returns the log of a client that redeems three times. `next` gives the refresh token of answer `n`.
fn logged_while_redeeming(profile: &Profile, next: fn(usize) -> Option<String>) -> String {
    logged(|| async {
        let endpoint = FakeTokenEndpoint::scripted(move |n, _| Ok(refreshed(n, next(n).as_deref())));
        let clock = TestClock::new();
        let exchange = redeeming(&endpoint, &clock, profile).build().unwrap();
        let rig = Rig::with_exchange(endpoint, clock, profile.clone(), exchange);
        for _ in 0..3 {
            rig.manager.token().await.unwrap();
            rig.advance(3601);
        }
        assert_eq!(rig.endpoint.count(), 3);
    })
}

#[test]
fn rf10_a_public_clients_refresh_token_that_stays_is_warned_of_once() {
    let public = example().with_client_auth(ClientAuth::Public);
    let warned =
        |profile: &Profile, next| logged_while_redeeming(profile, next).matches("was not replaced").count();
    assert_eq!(warned(&public, |_| None), 1);
    assert_eq!(warned(&public, |_| Some("r0".to_owned())), 1);
    assert_eq!(warned(&public, |_| Some(String::new())), 1);
    // A token that is replaced at each use, a provider with a stated rule, and a client that authenticates.
    assert_eq!(warned(&public, |n| Some(format!("r{n}"))), 0);
    assert_eq!(warned(&public.clone().with_replay_rule(ReplayRule::Reusable), |_| None), 0);
    assert_eq!(warned(&example(), |_| None), 0);
}
