//! Permanent refusals: how often the endpoint is asked, and how soon a correction on the client's or the provider's
//! side is used.

use std::fs;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use auth_layer::grant::TokenExchange;
use auth_layer::source::{IssuedToken, TokenRequest};
use auth_layer::store::Entry;
use auth_layer::token::TokenTypeId;
use auth_layer::{
    AccessToken, ClientAuth, Clock, Credential, Encoding, Error, ErrorKind, Exchange, Grant, Identity,
    Profile, RefreshToken, ReplayRule, Secret, SecretSource, TestClock, TokenManager, TokenPool, TokenSource,
};
use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use tower::ServiceExt;

use crate::house::{House, token};
use crate::refresh::{invalid_grant, refreshed};
use crate::support::{
    FakeApi, FakeTokenEndpoint, Rig, at_once, example, exchange, get, json_response, logged, poll_once,
    respond, settle, status_at_once, token_answer, until,
};

fn invalid_client() -> Response<Full<Bytes>> {
    json_response(401, r#"{"error":"invalid_client"}"#)
}

/// Returns an endpoint that knows one secret, in a form body.
fn knowing(secret: &'static str) -> FakeTokenEndpoint {
    FakeTokenEndpoint::scripted(move |n, seen| match seen.form("client_secret").as_deref() {
        Some(known) if known == secret => Ok(token_answer(&format!("token-{n}"), 3600)),
        _ => Ok(invalid_client()),
    })
}

fn in_body() -> Profile {
    example().with_client_auth(ClientAuth::body())
}

/// A secret that a test changes, and the number of times that it was read.
#[derive(Clone)]
struct Configured(Arc<(Mutex<String>, AtomicUsize)>);

impl Configured {
    fn new(secret: &str) -> Self {
        Self(Arc::new((Mutex::new(secret.to_owned()), AtomicUsize::new(0))))
    }

    fn set(&self, secret: &str) {
        *self.0.0.lock().unwrap() = secret.to_owned();
    }

    fn reads(&self) -> usize {
        self.0.1.load(Ordering::Relaxed)
    }

    fn source(&self) -> SecretSource {
        let this = self.clone();
        SecretSource::from_fn(move || Ok(this.read()))
    }

    fn credential(&self) -> Credential {
        let this = self.clone();
        Credential::from_fn("client", move || Ok(this.read()))
    }

    fn read(&self) -> Secret {
        self.0.1.fetch_add(1, Ordering::Relaxed);
        Secret::new(self.0.0.lock().unwrap().clone())
    }
}

fn rig_of(endpoint: FakeTokenEndpoint, profile: Profile, credential: Credential, grant: Grant) -> Rig {
    let clock = TestClock::new();
    let exchange = Exchange::builder(profile.clone(), credential, grant)
        .transport(endpoint.transport())
        .clock(Arc::new(clock.clone()))
        .timeout(Duration::from_secs(1))
        .build()
        .unwrap();
    Rig::with_exchange(endpoint, clock, profile, exchange)
}

fn rig(endpoint: FakeTokenEndpoint, credential: Credential) -> Rig {
    rig_of(endpoint, in_body(), credential, Grant::ClientCredentials)
}

/// Makes a call every 100 ms for this many seconds. Returns the tenths of a second at which the endpoint was asked.
async fn asked_in(seconds: u64, rig: &Rig) -> Vec<u64> {
    let mut asked = Vec::new();
    for tenth in 0..seconds * 10 {
        let before = rig.endpoint.count();
        let _ = rig.manager.token().await;
        asked.extend(std::iter::repeat_n(tenth, rig.endpoint.count() - before));
        rig.advance_millis(100);
    }
    asked
}

/// Makes a call every 100 ms until there is a token. Returns how long that took.
async fn millis_to_recover(rig: &Rig) -> u64 {
    let mut millis = 0;
    while rig.manager.token().await.is_err() {
        rig.advance_millis(100);
        millis += 100;
        assert!(millis <= 120_000, "it did not recover");
    }
    millis
}

/// Checks that the pauses are 5 s, doubling up to 60 s. Each may be up to 15 % longer at random, but not longer than
/// 60 s.
#[track_caller]
fn doubling(asked: &[u64]) {
    assert_eq!(asked[0], 0);
    for (earlier, pair) in asked.windows(2).enumerate() {
        let doubled = 600.min(50 << earlier.min(10));
        let longest = 600.min(doubled * 115 / 100) + 1;
        assert!((doubled..=longest).contains(&(pair[1] - pair[0])), "{earlier}: {asked:?}");
    }
    assert!((11..=15).contains(&asked.len()), "{asked:?}");
}

#[tokio::test]
async fn te05_a_permanent_refusal_costs_at_most_15_requests_in_10_min() {
    let refusals = [
        (401, r#"{"error":"invalid_client"}"#),
        (400, r#"{"error":"invalid_client"}"#),
        (400, r#"{"error":"unauthorized_client"}"#),
        (403, r#"{"error":"access_denied"}"#),
        (400, r#"{"error":"unsupported_grant_type"}"#),
        (400, r#"{"error":"invalid_scope"}"#),
        (400, r#"{"error":"invalid_grant"}"#),
        (400, r#"{"error":"the_moon_is_full"}"#),
        (200, r#"{"error":"invalid_client"}"#),
        (401, ""),
        (403, "<html>forbidden</html>"),
        (404, "not found"),
        (415, ""),
        (302, ""),
        (200, "<html>a login page</html>"),
        (200, "{}"),
        (200, r#"{"access_token":"t","token_type":"mac"}"#),
    ];
    for (status, body) in refusals {
        let rig = Rig::new(FakeTokenEndpoint::scripted(move |_, _| Ok(json_response(status, body))));
        let asked = asked_in(600, &rig).await;
        doubling(&asked);
        assert_eq!(rig.manager.stats().exchanges, asked.len() as u64, "{status} {body}");
        assert_eq!(rig.manager.stats().failures, asked.len() as u64, "{status} {body}");
    }
}

#[tokio::test]
async fn b25_a_required_scope_that_is_not_granted_costs_at_most_15_requests() {
    let (clock, endpoint) = (
        TestClock::new(),
        FakeTokenEndpoint::scripted(|_, _| {
            let body = r#"{"access_token":"t","token_type":"Bearer","expires_in":3600,"scope":"read"}"#;
            Ok(json_response(200, body))
        }),
    );
    let exchange = exchange(&endpoint, &clock, &example()).require_scope("read write".parse().unwrap());
    let rig = Rig::with_exchange(endpoint, clock, example(), exchange.build().unwrap());
    assert_eq!(rig.manager.token().await.unwrap_err().kind(), ErrorKind::Scope);
    rig.manager.forget();
    let asked = asked_in(600, &rig).await;
    doubling(&asked);
}

#[tokio::test]
async fn b25_two_processes_with_one_scope_missing_do_not_set_each_other_off() {
    let endpoint = FakeTokenEndpoint::scripted(|n, _| {
        let body = format!(
            r#"{{"access_token":"a{n}","token_type":"Bearer","expires_in":3600,"scope":"read","refresh_token":"r{n}"}}"#
        );
        Ok(json_response(200, &body))
    });
    let house = House::new(endpoint, ReplayRule::KillsFamily);
    let start = || house.manage(house.exchange().require_scope("read write".parse().unwrap())).build();
    let processes = [start(), start()];
    for _ in 0..6_000 {
        for process in &processes {
            assert!(token(process).await.is_err());
        }
        house.clock.advance(Duration::from_millis(100));
    }
    assert!(house.endpoint.count() <= 30, "{}", house.endpoint.count());
    // Each new refresh token was kept, and the last one is still unused.
    let last = format!("r{}", house.endpoint.count());
    assert_eq!(house.entry().await.refresh_token, RefreshToken::new(last));
}

#[tokio::test]
async fn b25_a_refused_renewal_is_not_noticed_while_the_token_serves() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(86_400));
    let service = rig.over(FakeApi::accepting());
    service.clone().oneshot(get("/me")).await.unwrap();
    rig.endpoint.now(|_, _| Ok(invalid_client()));
    // The token lives four more minutes, and six more requests follow after its end.
    rig.advance(86_400 - 240);
    let mut served = 0;
    for _ in 0..2_400 {
        assert_eq!(status_at_once(&service), 200);
        served += 1;
        settle().await;
        rig.advance_millis(100);
    }
    for _ in 0..3_600 {
        assert!(!matches!(at_once(&service), Poll::Ready(Ok(_))));
        settle().await;
        rig.advance_millis(100);
    }
    let refused = rig.endpoint.count() - 1;
    assert!(served == 2_400 && (11..=15).contains(&refused), "{refused}");
}

#[tokio::test]
async fn b25_managers_and_pools_keep_the_bound_for_each_identity() {
    let (clock, endpoint) = (TestClock::new(), FakeTokenEndpoint::scripted(|_, _| Ok(invalid_client())));
    let pool = TokenPool::builder({
        let (clock, endpoint) = (clock.clone(), endpoint.clone());
        move |identity: &Identity| {
            let exchange = exchange(&endpoint, &clock, &example()).identity(identity).build()?;
            Ok(TokenManager::builder(exchange).clock(Arc::new(clock.clone())).build())
        }
    })
    .clock(Arc::new(clock.clone()))
    .build();
    let tenants = [Identity::new("one"), Identity::new("two"), Identity::new("three")];
    for _ in 0..6_000 {
        for tenant in &tenants {
            assert!(pool.get(tenant).unwrap().token().await.is_err());
        }
        clock.advance(Duration::from_millis(100));
    }
    assert!((33..=45).contains(&endpoint.count()), "{}", endpoint.count());
}

#[tokio::test]
async fn b25_a_fixed_secret_is_never_waited_for() {
    let rig = Rig::new(FakeTokenEndpoint::scripted(|_, _| Ok(invalid_client())));
    let service = rig.over(FakeApi::accepting());
    assert!(service.clone().oneshot(get("/me")).await.is_err());
    for _ in 0..49 {
        for _ in 0..100 {
            assert!(matches!(at_once(&service), Poll::Ready(Err(_))));
        }
        rig.advance_millis(100);
    }
    assert_eq!(rig.endpoint.count(), 1);
}

#[tokio::test]
async fn b25_a_secret_corrected_in_its_file_is_used_within_a_second() {
    for wrong_for in [0, 1, 4, 30, 100, 600] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        fs::write(&path, "wrong-secret\n").unwrap();
        let rig = rig(knowing("right-secret"), Credential::from_file("client", &path));
        assert!(rig.manager.token().await.is_err());
        let asked = asked_in(wrong_for, &rig).await.len();
        fs::write(&path, "right-secret\n").unwrap();
        let millis = millis_to_recover(&rig).await;
        assert!(millis <= 1_000, "{millis} ms after {wrong_for} s");
        assert_eq!(rig.endpoint.count(), 1 + asked + 1, "one more request, and it succeeds");
    }
}

#[tokio::test]
async fn b25_a_single_call_a_second_after_the_correction_gets_the_token() {
    let configured = Configured::new("wrong-secret");
    let rig = rig(knowing("right-secret"), configured.credential());
    asked_in(100, &rig).await;
    configured.set("right-secret");
    rig.advance(1);
    assert!(rig.manager.token().await.is_ok());
}

#[tokio::test]
async fn b25_a_callers_need_reads_the_secret_once_a_second_and_sends_nothing() {
    let configured = Configured::new("wrong-secret");
    let rig = rig(knowing("right-secret"), configured.credential());
    let asked = asked_in(600, &rig).await;
    doubling(&asked);
    // It is read once a second, and once for each exchange.
    let reads = configured.reads();
    assert!((500..=600 + asked.len()).contains(&reads), "{reads}");
    assert_eq!(rig.manager.stats().exchanges, asked.len() as u64);
    // Without a call nothing is read.
    for _ in 0..100 {
        rig.advance(60);
        settle().await;
    }
    assert_eq!(configured.reads(), reads);
}

#[tokio::test]
async fn b25_corrections_that_are_wrong_as_well_are_each_tried_within_a_second() {
    let configured = Configured::new("wrong-secret");
    let rig = rig(knowing("right-secret"), configured.credential());
    asked_in(20, &rig).await;
    for wrong in ["wrong-secret-2", "wrong-secret-3", "wrong-secret-4"] {
        configured.set(wrong);
        let asked = asked_in(2, &rig).await;
        assert_eq!(asked.len(), 1, "{wrong}: {asked:?}");
    }
    configured.set("right-secret");
    assert!(millis_to_recover(&rig).await <= 1_000);
    // A later mistake starts the same sequence again.
    rig.endpoint.now(|_, _| Ok(invalid_client()));
    rig.advance(3_600);
    assert_eq!(asked_in(14, &rig).await.len(), 2);
}

/// Makes a grant with this secret in it.
type OfSecret = fn(SecretSource) -> Grant;

#[tokio::test]
async fn b25_every_secret_of_a_grant_is_read_again() {
    let good = |seen: &crate::support::Seen, name| seen.form(name).as_deref() == Some("right-secret");
    let grants: [(&str, OfSecret); 5] = [
        ("assertion", Grant::JwtBearer),
        ("pat", |secret| Grant::custom("personal_access_token", [("pat", secret)])),
        ("key", |secret| Grant::custom("urn:example:key", [("key", secret)])),
        ("subject_token", |secret| TokenExchange::new(secret, TokenTypeId::JWT).into()),
        ("actor_token", |secret| {
            TokenExchange::new("subject-token-1", TokenTypeId::JWT)
                .with_actor(secret, TokenTypeId::JWT)
                .into()
        }),
    ];
    for (name, grant) in grants {
        let configured = Configured::new("wrong-secret");
        let endpoint = FakeTokenEndpoint::scripted(move |_, seen| match good(seen, name) {
            true => Ok(json_response(
                200,
                r#"{"access_token":"t","token_type":"Bearer","expires_in":60,
                    "issued_token_type":"urn:ietf:params:oauth:token-type:access_token"}"#,
            )),
            false => Ok(invalid_grant()),
        });
        let credential = Credential::new("client", "client-secret");
        let rig = rig_of(endpoint, example(), credential, grant(configured.source()));
        asked_in(100, &rig).await;
        configured.set("right-secret");
        assert!(millis_to_recover(&rig).await <= 1_000, "{name}");
    }
}

#[tokio::test]
async fn b25_assertions_that_differ_each_time_do_not_undo_the_wait() {
    let signed = AtomicUsize::new(0);
    let sign = move || Ok(Secret::new(format!("assertion-{}", signed.fetch_add(1, Ordering::Relaxed))));
    let endpoint = FakeTokenEndpoint::scripted(|_, _| Ok(invalid_client()));
    let credential = Credential::new("client", "client-secret");
    let rig = rig_of(endpoint, example(), credential, Grant::jwt_bearer(sign));
    let asked = asked_in(600, &rig).await;
    assert!(asked.len() <= 15, "{asked:?}");
    rig.endpoint.now(|_, _| Ok(token_answer("good", 60)));
    assert!(millis_to_recover(&rig).await <= 60_000);
}

#[tokio::test]
async fn b25_a_correction_at_the_provider_is_noticed_within_a_minute() {
    for wrong_for in [0, 3, 14, 74, 100, 333, 600] {
        for fixed in [true, false] {
            let configured = Configured::new("right-secret");
            let credential = match fixed {
                true => Credential::new("client", "right-secret"),
                false => configured.credential(),
            };
            let rig = rig(FakeTokenEndpoint::scripted(|_, _| Ok(invalid_client())), credential);
            assert!(rig.manager.token().await.is_err());
            asked_in(wrong_for, &rig).await;
            rig.endpoint.now(|_, _| Ok(token_answer("good", 3600)));
            let millis = millis_to_recover(&rig).await;
            assert!(millis <= 60_000, "{millis} ms after {wrong_for} s");
        }
    }
}

#[tokio::test]
async fn b25_forgetting_asks_at_once() {
    let rig = Rig::new(FakeTokenEndpoint::scripted(|_, _| Ok(invalid_client())));
    asked_in(200, &rig).await;
    rig.endpoint.now(|_, _| Ok(token_answer("good", 3600)));
    assert!(rig.manager.token().await.is_err());
    rig.manager.forget();
    assert!(rig.manager.token().await.is_ok());
    // The next refusal counts as the first one.
    rig.endpoint.now(|_, _| Ok(invalid_client()));
    rig.advance(3_600);
    assert_eq!(asked_in(14, &rig).await.len(), 2);
}

/// A source of the application, which reports changes of its configuration itself.
#[derive(Clone, Debug)]
struct OwnSource {
    clock: TestClock,
    right: Arc<AtomicBool>,
    changed: Arc<AtomicBool>,
    checks: Arc<AtomicUsize>,
}

#[async_trait]
impl TokenSource for OwnSource {
    async fn token(&self, _: &TokenRequest) -> Result<IssuedToken, Error> {
        self.changed.store(false, Ordering::Relaxed);
        match self.right.load(Ordering::Relaxed) {
            true => {
                let token = AccessToken::new(&format!("{}", self.clock.now().monotonic().as_secs()))?;
                Ok(IssuedToken::new(token, self.clock.now(), Duration::from_secs(3_600)))
            }
            false => Err(Error::from_source("the client is unknown", false)),
        }
    }

    fn has_changed(&self) -> Option<Pin<Box<dyn Future<Output = bool> + Send + '_>>> {
        Some(Box::pin(async {
            assert!(self.checks.fetch_add(1, Ordering::Relaxed) != 10, "a check may panic");
            self.changed.load(Ordering::Relaxed)
        }))
    }
}

#[tokio::test]
async fn b25_a_stale_token_is_renewed_within_a_second_of_the_correction() {
    let source = OwnSource {
        clock: TestClock::new(),
        right: Arc::new(AtomicBool::new(true)),
        changed: Arc::default(),
        checks: Arc::default(),
    };
    let clock = source.clock.clone();
    let manager = TokenManager::builder(source.clone()).clock(Arc::new(clock.clone())).build();
    let first = manager.token().await.unwrap().generation();
    source.right.store(false, Ordering::Relaxed);
    clock.advance(Duration::from_secs(3_400));
    for _ in 0..600 {
        assert_eq!(
            poll_once(&mut Box::pin(manager.token())).map(|token| token.unwrap().generation()),
            Poll::Ready(first)
        );
        settle().await;
        clock.advance(Duration::from_millis(100));
    }
    let stats = manager.stats();
    assert_eq!((stats.exchanges, stats.failures), (1 + 4, 4), "0 s, 5 s, 15 s and 35 s, and a little later");
    let checks = source.checks.load(Ordering::Relaxed);
    assert!((50..=60).contains(&checks), "{checks}");

    source.right.store(true, Ordering::Relaxed);
    source.changed.store(true, Ordering::Relaxed);
    for _ in 0..10 {
        clock.advance(Duration::from_millis(100));
        assert!(manager.token().await.is_ok());
        settle().await;
    }
    assert!(manager.token().await.unwrap().generation() > first);
    assert_eq!(manager.stats().exchanges, 6);
}

#[tokio::test]
async fn b04_while_a_secret_is_slow_to_come_the_other_callers_do_not_wait() {
    let (release, held) = mpsc::channel::<()>();
    let (held, reads) = (Mutex::new(held), Arc::new(AtomicUsize::new(0)));
    let credential = Credential::from_fn("client", {
        let reads = reads.clone();
        move || {
            if reads.fetch_add(1, Ordering::SeqCst) > 0 {
                let _ = held.lock().unwrap().recv();
            }
            Ok(Secret::new("wrong-secret"))
        }
    });
    let (clock, endpoint) = (TestClock::new(), knowing("right-secret"));
    let exchange = Exchange::builder(in_body(), credential, Grant::ClientCredentials)
        .transport(endpoint.transport())
        .clock(Arc::new(clock.clone()))
        .timeout(Duration::from_secs(3));
    let rig = Rig::with_exchange(endpoint, clock, in_body(), exchange.build().unwrap());
    let service = rig.over(FakeApi::accepting());
    assert!(service.clone().oneshot(get("/me")).await.is_err());
    rig.advance(1);
    let first = tokio::spawn(service.clone().oneshot(get("/me")));
    until(|| reads.load(Ordering::SeqCst) == 2).await;
    for _ in 0..290 {
        assert!(matches!(at_once(&service), Poll::Ready(Err(_))));
        settle().await;
        rig.advance_millis(10);
    }
    assert_eq!(reads.load(Ordering::SeqCst), 2, "one check at a time");
    // A check that never ends does not block either, because it has the deadline of an exchange.
    rig.advance_millis(100);
    assert!(first.await.unwrap().is_err());
    assert_eq!(rig.endpoint.count(), 1);
    drop(release);
}

#[tokio::test]
async fn b25_a_secret_that_could_not_be_read_is_used_within_a_second() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    let rig = rig(knowing("right-secret"), Credential::from_file("client", &path));
    assert_eq!(asked_in(300, &rig).await.len(), 0);
    assert_eq!(rig.manager.token().await.unwrap_err().kind(), ErrorKind::Secret);
    fs::write(&path, "right-secret").unwrap();
    assert!(millis_to_recover(&rig).await <= 1_000);

    // The file is removed while its secret is right, and returns unchanged.
    fs::remove_file(&path).unwrap();
    rig.advance(3_600);
    asked_in(100, &rig).await;
    fs::write(&path, "right-secret").unwrap();
    assert!(millis_to_recover(&rig).await <= 1_000);
}

#[tokio::test]
async fn b25_a_new_sign_in_is_used_within_a_second_and_the_wait_sends_nothing() {
    let configured = Configured::new("client-secret");
    let endpoint = FakeTokenEndpoint::scripted(|_, seen| match seen.form("refresh_token").as_deref() {
        Some("r-new") => Ok(refreshed(1, None)),
        _ => Ok(invalid_grant()),
    });
    let house = House::new(endpoint, ReplayRule::KillsFamily);
    let exchange = Exchange::builder(
        house.profile.clone(),
        configured.credential(),
        Grant::refresh_token(RefreshToken::new("r0")),
    )
    .transport(house.endpoint.transport())
    .clock(Arc::new(house.clock.clone()))
    .store(Arc::new(house.store.clone()));
    let manager = house.manage(exchange).build();
    for tenth in 0..3_000 {
        assert_eq!(token(&manager).await.unwrap_err().kind(), ErrorKind::SignInAgain);
        // Another secret of the client does not make the grant valid again.
        configured.set(&format!("client-secret-{}", tenth / 100));
        house.clock.advance(Duration::from_millis(100));
    }
    assert_eq!((house.endpoint.count(), configured.reads()), (1, 1));
    let exchanges = manager.stats().exchanges;
    assert!(exchanges <= 15, "{exchanges}");

    house.write(Entry::new(RefreshToken::new("r-new"))).await;
    house.advance(1);
    assert_eq!(token(&manager).await.unwrap(), "a1");
    assert_eq!(house.endpoint.count(), 2);
}

#[tokio::test]
async fn b25_the_first_sign_in_is_used_within_a_second() {
    let house = House::new(FakeTokenEndpoint::scripted(|n, _| Ok(refreshed(n, None))), ReplayRule::Reusable);
    let manager = house.manage(house.exchange_of(Grant::Stored)).build();
    for _ in 0..300 {
        assert_eq!(token(&manager).await.unwrap_err().kind(), ErrorKind::SignInAgain);
        house.advance(1);
    }
    house.write(Entry::new(RefreshToken::new("r0"))).await;
    house.advance(1);
    assert_eq!(token(&manager).await.unwrap(), "a1");
}

#[tokio::test]
async fn b25_a_refused_client_with_a_refresh_token_reads_its_secret_again() {
    let configured = Configured::new("wrong-secret");
    let endpoint = FakeTokenEndpoint::scripted(|n, seen| match seen.form("client_secret").as_deref() {
        Some("right-secret") => Ok(refreshed(n, Some("r-next"))),
        _ => Ok(invalid_client()),
    });
    let grant = Grant::refresh_token(RefreshToken::new("r0"));
    let rig =
        rig_of(endpoint, in_body().with_replay_rule(ReplayRule::KillsFamily), configured.credential(), grant);
    let asked = asked_in(600, &rig).await;
    doubling(&asked);
    configured.set("right-secret");
    assert!(millis_to_recover(&rig).await <= 1_000);
    let last = rig.endpoint.seen().last().unwrap().form("refresh_token");
    assert_eq!(last.as_deref(), Some("r0"));
}

#[tokio::test]
async fn a_token_that_another_process_got_ends_the_wait_within_a_second() {
    let refusing = Arc::new(AtomicUsize::new(1));
    let endpoint = FakeTokenEndpoint::scripted({
        let refusing = refusing.clone();
        move |n, _| match refusing.load(Ordering::Relaxed) {
            1 => Ok(invalid_client()),
            _ => Ok(refreshed(n, None)),
        }
    });
    let house = House::new(endpoint, ReplayRule::Reusable);
    let (waiting, other) = (house.start(), house.start());
    for _ in 0..100 {
        assert!(token(&waiting).await.is_err());
        house.advance(1);
    }
    refusing.store(0, Ordering::Relaxed);
    let got = token(&other).await.unwrap();
    let asked = house.endpoint.count();
    house.advance(1);
    assert_eq!((token(&waiting).await.unwrap(), house.endpoint.count()), (got, asked));
}

#[tokio::test]
async fn b25_trouble_between_refusals_shortens_no_wait() {
    let rig = Rig::new(FakeTokenEndpoint::scripted(|n, _| match n % 2 {
        0 => Ok(respond(503, "")),
        _ => Ok(invalid_client()),
    }));
    let asked = asked_in(600, &rig).await;
    assert!(asked.len() <= 25, "{asked:?}");
}

#[test]
fn a_remembered_refused_secret_is_not_shown() {
    let text = logged(|| async {
        let configured = Configured::new("hunter2-wrong");
        let endpoint = FakeTokenEndpoint::scripted(|_, _| Ok(invalid_client()));
        let clock = TestClock::new();
        let exchange = Exchange::builder(in_body(), configured.credential(), Grant::ClientCredentials)
            .transport(endpoint.transport())
            .clock(Arc::new(clock.clone()))
            .build()
            .unwrap();
        let manager = TokenManager::builder(exchange).clock(Arc::new(clock.clone())).build();
        for _ in 0..20 {
            let error = manager.token().await.unwrap_err();
            assert!(!format!("{error} {error:?} {manager:?}").contains("hunter2"));
            clock.advance(Duration::from_secs(1));
        }
        assert!(format!("{manager:?}").contains("Fingerprint(..)"));
    });
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn a_forgotten_check_hands_out_nothing() {
    let (release, held) = mpsc::channel::<()>();
    let (held, reads) = (Mutex::new(held), Arc::new(AtomicUsize::new(0)));
    let credential = Credential::from_fn("client", {
        let reads = reads.clone();
        move || {
            if reads.fetch_add(1, Ordering::SeqCst) == 1 {
                let _ = held.lock().unwrap().recv();
            }
            Ok(Secret::new("wrong-secret"))
        }
    });
    let rig = rig(knowing("right-secret"), credential);
    assert!(rig.manager.token().await.is_err());
    rig.advance(1);
    let mut call = Box::pin(rig.manager.token());
    assert!(poll_once(&mut call).is_pending());
    until(|| reads.load(Ordering::SeqCst) == 2).await;
    rig.manager.forget();
    assert_eq!(call.await.unwrap_err().kind(), ErrorKind::Interrupted);
    release.send(()).unwrap();
    rig.endpoint.now(|_, _| Ok(token_answer("good", 60)));
    assert!(rig.manager.token().await.is_ok());
}

#[tokio::test]
async fn b25_a_refusal_in_the_other_encoding_is_not_asked_for_twice() {
    // The server expects forms, and the profile says JSON.
    let endpoint = FakeTokenEndpoint::scripted(|_, seen| match seen.headers["content-type"].to_str() {
        Ok("application/json") => Ok(respond(415, "")),
        _ => Ok(invalid_client()),
    });
    let profile = example().with_encoding(Encoding::Json).with_either_encoding();
    let rig = rig_of(endpoint, profile, Credential::new("client", "secret"), Grant::ClientCredentials);
    let asked = asked_in(600, &rig).await;
    assert_eq!(asked[..2], [0, 0]);
    doubling(&asked[1..]);
    assert!(asked.len() <= 15, "{asked:?}");
}
