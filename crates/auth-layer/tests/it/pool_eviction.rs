//! Eviction from a full pool: which identity is evicted, how much work the choice takes, and that identities are never
//! mixed up.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use auth_layer::clock::{Now, Sleep};
use auth_layer::pool::TokenPoolBuilder;
use auth_layer::{
    AccessToken, Clock, Credential, ErrorKind, Exchange, Grant, Identity, StaticToken, TestClock,
    TokenManager, TokenPool,
};
use futures_util::FutureExt;

use crate::support::{FakeTokenEndpoint, example, json_response, token_answer};

fn tenant(n: usize) -> Identity {
    Identity::new(format!("tenant-{n}"))
}

/// Returns a pool whose managers have a token that names their tenant. Making a manager sends nothing.
fn named(clock: Arc<dyn Clock>) -> TokenPoolBuilder {
    let pool_clock = clock.clone();
    let builder = TokenPool::builder(move |identity: &Identity| {
        let token = AccessToken::new(identity.tenant()).unwrap();
        Ok(TokenManager::builder(StaticToken::new(token)).clock(clock.clone()).build())
    });
    builder.clock(pool_clock)
}

fn token(manager: &TokenManager) -> String {
    manager.token().now_or_never().unwrap().unwrap().access_token().expose().to_owned()
}

/// A token endpoint that refuses the client `refused`, and counts that client's requests.
struct Refusing {
    clock: TestClock,
    endpoint: FakeTokenEndpoint,
}

impl Refusing {
    fn new() -> Self {
        let endpoint = FakeTokenEndpoint::scripted(|n, seen| match seen.form("client_id").unwrap() {
            id if id.starts_with("refused") => Ok(json_response(401, r#"{"error":"invalid_client"}"#)),
            _ => Ok(token_answer(&format!("t-{n}"), 3600)),
        });
        Self { clock: TestClock::new(), endpoint }
    }

    fn pool(&self, limit: usize) -> TokenPool {
        let (clock, endpoint) = (self.clock.clone(), self.endpoint.clone());
        let pool = TokenPool::builder(move |identity: &Identity| {
            let profile = example().with_client_auth(auth_layer::ClientAuth::body());
            let credential = Credential::new(identity.tenant(), "client-secret");
            let exchange = Exchange::builder(profile, credential, Grant::ClientCredentials)
                .transport(endpoint.transport())
                .clock(Arc::new(clock.clone()))
                .build()?;
            Ok(TokenManager::builder(exchange).clock(Arc::new(clock.clone())).jitter_seed(1).build())
        });
        pool.clock(Arc::new(self.clock.clone())).max_identities(limit).build()
    }

    async fn is_refused(&self, pool: &TokenPool) -> bool {
        pool.get(&Identity::new("refused")).unwrap().token().await.is_err()
    }

    fn refusals(&self) -> usize {
        let seen = self.endpoint.seen();
        seen.iter().filter(|seen| seen.form("client_id").unwrap() == "refused").count()
    }
}

#[tokio::test]
async fn one_that_has_failed_lately_goes_after_all_others() {
    let refusing = Refusing::new();
    let pool = refusing.pool(3);
    assert!(refusing.is_refused(&pool).await);
    for n in 0..50 {
        pool.get(&tenant(n)).unwrap().token().await.unwrap();
    }
    // The failure is remembered, so no request is sent.
    assert!(refusing.is_refused(&pool).await);
    assert_eq!((refusing.refusals(), pool.len()), (1, 3));

    // Two minutes after the backoff it is treated like the others.
    refusing.clock.advance(Duration::from_secs(127));
    for n in 50..60 {
        pool.get(&tenant(n)).unwrap().token().await.unwrap();
    }
    assert!(refusing.is_refused(&pool).await);
    assert_eq!((refusing.refusals(), pool.len()), (2, 3));
}

#[tokio::test]
async fn one_that_has_failed_lately_goes_if_all_others_are_in_use() {
    let refusing = Refusing::new();
    let pool = refusing.pool(2);
    assert!(refusing.is_refused(&pool).await);
    let held = pool.get(&tenant(0)).unwrap();
    pool.get(&tenant(1)).unwrap();
    assert_eq!((pool.len(), pool.stats().evicted), (2, 1));
    assert!(refusing.is_refused(&pool).await);
    assert_eq!(refusing.refusals(), 2);
    drop(held);
}

#[tokio::test]
async fn a_refused_tenant_in_a_crowded_pool_causes_few_requests() {
    let refusing = Refusing::new();
    let pool = refusing.pool(4);
    for second in 0..600 {
        assert!(refusing.is_refused(&pool).await);
        for n in 0..6 {
            pool.get(&tenant(second * 3 + n)).unwrap();
        }
        refusing.clock.advance(Duration::from_secs(1));
    }
    assert!(refusing.refusals() <= 15, "{}", refusing.refusals());
}

/// A clock that counts its readings. A manager reads it once when the pool checks whether it may be evicted.
#[derive(Debug, Default)]
struct Counting {
    time: TestClock,
    read: AtomicUsize,
}

impl Clock for Counting {
    fn now(&self) -> Now {
        self.read.fetch_add(1, Ordering::Relaxed);
        self.time.now()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        self.time.sleep(duration)
    }
}

#[test]
fn evictions_look_at_a_bounded_number_of_identities() {
    let limit = 5_000;
    let clock = Arc::new(Counting::default());
    let pool = named(clock.clone()).max_identities(limit).idle_after(Duration::from_secs(3_600)).build();
    (0..limit).for_each(|n| drop(pool.get(&tenant(n)).unwrap()));
    let mut most = 0;
    let before = clock.read.load(Ordering::Relaxed);
    for n in 0..limit {
        let start = clock.read.load(Ordering::Relaxed);
        pool.get(&tenant(limit + n)).unwrap();
        most = most.max(clock.read.load(Ordering::Relaxed) - start);
        // All other managers were used recently, which is the worst case.
        (0..n % 100).for_each(|other| drop(pool.get(&tenant(limit + other)).unwrap()));
    }
    assert!(most <= 80, "{most} looked at for one that came");
    assert!(clock.read.load(Ordering::Relaxed) > before);
    assert_eq!((pool.len(), pool.stats().evicted), (limit, limit as u64));
}

#[test]
fn idle_ones_are_found_a_few_at_a_time() {
    let clock = Arc::new(Counting::default());
    let pool = named(clock.clone()).max_identities(10_000).idle_after(Duration::from_secs(60)).build();
    (0..800).for_each(|n| drop(pool.get(&tenant(n)).unwrap()));
    clock.time.advance(Duration::from_secs(61));
    for n in 0..200 {
        let start = clock.read.load(Ordering::Relaxed);
        pool.get(&tenant(1_000 + n)).unwrap();
        assert!(clock.read.load(Ordering::Relaxed) - start <= 20);
    }
    // Each new identity evicted eight others.
    assert_eq!((pool.len(), pool.stats().evicted), (200, 800));
}

#[test]
fn a_large_pool_in_use_fails_and_finds_the_one_that_is_given_back() {
    let pool = named(Arc::new(TestClock::new())).max_identities(2_500).build();
    let mut held: Vec<_> = (0..2_500).map(|n| pool.get(&tenant(n)).unwrap()).collect();
    for _ in 0..10 {
        assert_eq!(pool.get(&tenant(9_999)).unwrap_err().kind(), ErrorKind::PoolFull);
    }
    held.pop();
    // The next call checks other identities.
    let calls = (1..=3).find(|_| pool.get(&tenant(9_999)).is_ok());
    assert!(calls.is_some());
    assert_eq!((pool.len(), pool.stats().evicted), (2_500, 1));
    // The first one was used most recently, and no handle to it is held. It stays.
    assert_eq!(token(&held[0]), "tenant-0");
}

#[test]
fn whatever_comes_and_goes_each_identity_has_its_own_token() {
    for seed in 0..20 {
        let (mut chance, clock) = (fastrand::Rng::with_seed(seed), TestClock::new());
        let limit = chance.usize(1..40);
        let pool = named(Arc::new(clock.clone()));
        let pool = pool.max_identities(limit).idle_after(Duration::from_secs(300)).build();
        let (mut held, mut removed) = (HashMap::new(), 0);
        for _ in 0..2_000 {
            let n = chance.usize(0..60);
            let identity = tenant(n).with_audience(format!("audience-{}", chance.usize(0..3)));
            match chance.usize(0..20) {
                0 => removed += u64::from(pool.remove(&identity)),
                1 => removed += pool.remove_tenant(identity.tenant()) as u64,
                2 if held.len() + 1 < limit => {
                    if let Ok(manager) = pool.get(&identity) {
                        held.insert(identity, manager);
                    }
                }
                3 => held.retain(|_, _| chance.bool()),
                4 => clock.advance(Duration::from_secs(chance.u64(0..200))),
                _ => assert_eq!(token(&pool.get(&identity).unwrap()), identity.tenant(), "seed {seed}"),
            }
            let stats = pool.stats();
            assert!(pool.len() <= limit);
            assert_eq!(pool.len() as u64, stats.made - stats.evicted - removed, "seed {seed}");
        }
    }
}

#[tokio::test]
async fn eviction_does_not_undo_the_limit_for_rejections() {
    let clock = TestClock::new();
    let endpoint = FakeTokenEndpoint::issuing(3600);
    let (made, time) = (endpoint.clone(), clock.clone());
    let pool = TokenPool::builder(move |_: &Identity| {
        let exchange = crate::support::exchange(&made, &time, &example()).build()?;
        Ok(TokenManager::builder(exchange).clock(Arc::new(time.clone())).jitter_seed(1).build())
    })
    .clock(Arc::new(clock.clone()))
    .max_identities(2)
    .build();
    let rejected = Identity::new("rejected");
    for _ in 0..50 {
        for tenant in ["a", "b"] {
            pool.get(&Identity::new(tenant)).unwrap().token().await.unwrap();
        }
        let manager = pool.get(&rejected).unwrap();
        let token = manager.token().await.unwrap();
        manager.accept(token.generation());
        manager.reject(token.generation()).await;
        drop(manager);
        clock.advance(Duration::from_secs(1));
    }
    // Its manager was never evicted, so its count of rejections is complete.
    let stats = pool.get(&rejected).unwrap().stats();
    assert_eq!((stats.rejections, stats.exchanges), (50, 5), "the first token and four renewals");
}
