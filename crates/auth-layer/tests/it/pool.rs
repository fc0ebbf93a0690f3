//! Many identities in one process: the manager of each, which managers may be evicted, and that no identity gets
//! another's token.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use auth_layer::pool::TokenPoolBuilder;
use auth_layer::token::Resource;
use auth_layer::{
    AccessToken, ConfigError, Credential, ErrorKind, Exchange, Grant, Identity, MemoryStore, RefreshToken,
    Scope, StaticToken, TestClock, TokenManager, TokenPool,
};
use futures_util::FutureExt;

use crate::support::{FakeTokenEndpoint, Seen, example, exchange, poll_once, settle, token_answer, until};

/// A pool whose managers ask one token endpoint. Each is the client that its tenant names, and all have one clock.
struct Tenants {
    clock: TestClock,
    endpoint: FakeTokenEndpoint,
    /// The secret of every client.
    secret: Arc<Mutex<String>>,
}

impl Tenants {
    /// Makes a pool. The tokens say what was requested: `id scope audience resource #n`, without the parts that are
    /// absent.
    fn new() -> Self {
        let endpoint = FakeTokenEndpoint::scripted(|n, seen| Ok(token_answer(&asked(n, seen), 3600)));
        Self { clock: TestClock::new(), endpoint, secret: Arc::new(Mutex::new("first-secret".to_owned())) }
    }

    fn builder(&self) -> TokenPoolBuilder {
        let (clock, endpoint, secret) = (self.clock.clone(), self.endpoint.clone(), self.secret.clone());
        TokenPool::builder(move |identity: &Identity| {
            let credential = Credential::new(identity.tenant(), secret.lock().unwrap().as_str());
            let profile = example().with_client_auth(auth_layer::ClientAuth::body());
            let exchange = Exchange::builder(profile, credential, Grant::ClientCredentials)
                .identity(identity)
                .transport(endpoint.transport())
                .clock(Arc::new(clock.clone()))
                .build()?;
            Ok(TokenManager::builder(exchange).clock(Arc::new(clock.clone())).jitter_seed(1).build())
        })
        .clock(Arc::new(self.clock.clone()))
    }
}

fn asked(n: usize, seen: &Seen) -> String {
    let parts = ["client_id", "scope", "audience", "resource"].map(|name| seen.form(name));
    let parts: Vec<String> = parts.into_iter().flatten().map(|part| part.replace(' ', "+")).collect();
    format!("{}#{n}", parts.join("|"))
}

async fn token(manager: &TokenManager) -> String {
    manager.token().await.unwrap().access_token().expose().to_owned()
}

#[tokio::test]
async fn ri02_each_scope_audience_and_resource_has_its_own_token() {
    let tenants = Tenants::new();
    let pool = tenants.builder().build();
    let plain = Identity::new("a");
    let identities = [
        plain.clone(),
        plain.clone().with_scope("read".parse().unwrap()),
        plain.clone().with_scope("write".parse().unwrap()),
        plain.clone().with_audience("https://api.example.com"),
        plain.clone().with_resource("https://api.example.com/orders".parse().unwrap()),
        Identity::new("b"),
    ];
    let expected = [
        "a#1",
        "a|read#2",
        "a|write#3",
        "a|https://api.example.com#4",
        "a|https://api.example.com/orders#5",
        "b#6",
    ];
    for _ in 0..3 {
        for (identity, expected) in identities.iter().zip(expected) {
            assert_eq!(token(&pool.get(identity).unwrap()).await, expected);
        }
    }
    assert_eq!((tenants.endpoint.count(), pool.len()), (6, 6));

    // The order of the scopes makes no difference.
    let one: Scope = "read write".parse().unwrap();
    let other: Scope = "write read".parse().unwrap();
    assert_eq!(plain.clone().with_scope(one), plain.with_scope(other));
}

#[tokio::test]
async fn ri02_tokens_of_one_refresh_token_are_cached_apart_by_their_scope() {
    let endpoint = FakeTokenEndpoint::scripted(|_, seen| {
        Ok(token_answer(&seen.form("scope").unwrap_or_else(|| "all".to_owned()), 3600))
    });
    let (clock, store) = (TestClock::new(), Arc::new(MemoryStore::new()));
    let manager = |scope: Option<&str>| {
        let grant = Grant::refresh_token(RefreshToken::new("from-the-sign-in"));
        let credential = Credential::new("client", "client-secret");
        let identity = Identity::new("somebody");
        let identity = match scope {
            Some(scope) => identity.with_scope(scope.parse().unwrap()),
            None => identity,
        };
        let exchange = Exchange::builder(example().with_scope("profile".parse().unwrap()), credential, grant)
            .identity(&identity)
            .store(store.clone())
            .transport(endpoint.transport())
            .clock(Arc::new(clock.clone()))
            .build()
            .unwrap();
        TokenManager::builder(exchange).clock(Arc::new(clock.clone())).build()
    };
    let (all, read, write) = (manager(None), manager(Some("read")), manager(Some("write")));
    let (all, read, write) = tokio::join!(token(&all), token(&read), token(&write));
    assert_eq!([all.as_str(), &read, &write], ["all", "read", "write"]);
    assert_eq!(endpoint.count(), 3);
    assert!(endpoint.seen().iter().all(|seen| seen.form("refresh_token").unwrap() == "from-the-sign-in"));
}

#[tokio::test]
async fn an_audience_that_the_profile_also_sets_is_an_error() {
    let pool = TokenPool::new(|identity: &Identity| {
        let clock = TestClock::new();
        let profile = example().with_parameter("audience", "https://api.example.com");
        let exchange =
            exchange(&FakeTokenEndpoint::issuing(3600), &clock, &profile).identity(identity).build()?;
        Ok(TokenManager::new(exchange))
    });
    pool.get(&Identity::new("a")).unwrap();
    let error = pool.get(&Identity::new("a").with_audience("another")).unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Credential, false));
    let cause = std::error::Error::source(&error).unwrap().downcast_ref::<ConfigError>().unwrap();
    assert_eq!(cause.what(), "token request parameter audience");
    assert_eq!(pool.len(), 1);
}

#[test]
fn a_resource_is_an_absolute_uri_without_a_fragment() {
    for good in ["https://api.example.com", "https://api.example.com/a?b=c", "urn:example:orders"] {
        assert_eq!(good.parse::<Resource>().unwrap().to_string(), good);
    }
    for bad in
        ["", "/orders", "api.example.com", "://x", "1a:b", "https://x/#y", "https://x/ y", "https://x/\n"]
    {
        assert!(bad.parse::<Resource>().is_err(), "{bad:?}");
    }
}

#[tokio::test]
async fn cc10_after_a_removal_no_token_of_the_old_secret_is_served() {
    let tenants = Tenants::new();
    let pool = tenants.builder().build();
    let (a, b) = (Identity::new("a"), Identity::new("b"));
    let old = pool.get(&a).unwrap();
    assert_eq!(token(&old).await, "a#1");
    assert_eq!(token(&pool.get(&b).unwrap()).await, "b#2");

    *tenants.secret.lock().unwrap() = "second-secret".to_owned();
    assert!(pool.remove(&a));
    assert!(!pool.remove(&a));
    // A caller that still holds the old manager gets nothing from it.
    let error = old.token().await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Interrupted, true));
    assert_eq!(tenants.endpoint.count(), 2);

    assert_eq!(token(&pool.get(&a).unwrap()).await, "a#3");
    assert_eq!(tenants.endpoint.seen()[2].form("client_secret").unwrap(), "second-secret");
    // The other tenant is not affected.
    assert_eq!(token(&pool.get(&b).unwrap()).await, "b#2");
}

#[tokio::test]
async fn cc10_the_result_of_an_exchange_after_the_removal_is_dropped() {
    let tenants = Tenants::new();
    let pool = tenants.builder().build();
    let a = Identity::new("a");
    tenants.endpoint.hold();
    let old = pool.get(&a).unwrap();
    let waiting = tokio::spawn({
        let old = old.clone();
        async move { old.token().await.map(|_| ()) }
    });
    until(|| tenants.endpoint.count() == 1).await;

    pool.remove(&a);
    settle().await;
    assert_eq!(waiting.await.unwrap().unwrap_err().kind(), ErrorKind::Interrupted);
    tenants.endpoint.open();
    settle().await;
    assert_eq!(old.token().await.unwrap_err().kind(), ErrorKind::Interrupted);
    assert_eq!(token(&pool.get(&a).unwrap()).await, "a#2");
}

#[test]
fn cc10_the_result_of_an_exchange_that_cannot_be_stopped_is_dropped() {
    // Without a runtime the waiting callers drive the exchange, and it cannot be ended.
    let tenants = Tenants::new();
    let pool = tenants.builder().build();
    let a = Identity::new("a");
    tenants.endpoint.hold();
    let old = pool.get(&a).unwrap();
    let mut waiting = Box::pin(old.token());
    assert!(poll_once(&mut waiting).is_pending());
    pool.remove(&a);
    tenants.endpoint.open();
    let Poll::Ready(Err(error)) = poll_once(&mut waiting) else { panic!("a token of the old secret") };
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    assert!(old.token().now_or_never().unwrap().is_err());
}

#[tokio::test]
async fn cc10_all_that_a_tenant_has_goes_at_once() {
    let tenants = Tenants::new();
    let pool = tenants.builder().build();
    let scoped = |tenant: &str, scope: &str| Identity::new(tenant).with_scope(scope.parse().unwrap());
    for identity in [scoped("a", "read"), scoped("a", "write"), scoped("b", "read")] {
        token(&pool.get(&identity).unwrap()).await;
    }
    assert_eq!(pool.remove_tenant("a"), 2);
    assert_eq!(pool.remove_tenant("a"), 0);
    assert_eq!(token(&pool.get(&scoped("b", "read")).unwrap()).await, "b|read#3");
    assert_eq!(token(&pool.get(&scoped("a", "read")).unwrap()).await, "a|read#4");
}

#[test]
fn cc10_a_manager_that_was_being_made_during_the_removal_is_made_again() {
    let made = Arc::new(AtomicUsize::new(0));
    let cell: Arc<Mutex<Option<TokenPool>>> = Arc::default();
    let pool = TokenPool::new({
        let (made, cell) = (made.clone(), cell.clone());
        move |identity: &Identity| {
            let n = made.fetch_add(1, Ordering::Relaxed) + 1;
            if n == 1 {
                // The secret changes after it was read for this manager.
                cell.lock().unwrap().as_ref().unwrap().remove(identity);
            }
            let token = AccessToken::new(&format!("secret-{n}")).unwrap();
            Ok(TokenManager::new(StaticToken::new(token)))
        }
    });
    *cell.lock().unwrap() = Some(pool.clone());
    let manager = pool.get(&Identity::new("a")).unwrap();
    let token = manager.token().now_or_never().unwrap().unwrap();
    assert_eq!(token.access_token().expose(), "secret-2");
    assert_eq!((made.load(Ordering::Relaxed), pool.len()), (2, 1));
}

#[tokio::test]
async fn cc13_the_pool_stays_within_its_bound_and_the_one_longest_unused_goes() {
    let tenants = Tenants::new();
    let pool = tenants.builder().max_identities(3).build();
    for tenant in ["a", "b", "c", "a"] {
        token(&pool.get(&Identity::new(tenant)).unwrap()).await;
        tenants.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(tenants.endpoint.count(), 3);
    token(&pool.get(&Identity::new("d")).unwrap()).await;
    assert_eq!((pool.len(), pool.stats().evicted), (3, 1));

    // `a` was used since, but `b` was not.
    token(&pool.get(&Identity::new("a")).unwrap()).await;
    assert_eq!(tenants.endpoint.count(), 4);
    tenants.clock.advance(Duration::from_secs(1));
    token(&pool.get(&Identity::new("b")).unwrap()).await;
    assert_eq!(tenants.endpoint.count(), 5);

    for n in 0..1000 {
        pool.get(&Identity::new(format!("tenant-{n}"))).unwrap();
        assert!(pool.len() <= 3);
    }
    assert_eq!(pool.stats().made, 1005);
}

#[tokio::test]
async fn cc13_one_that_is_held_or_in_flight_is_not_evicted() {
    let tenants = Tenants::new();
    let pool = tenants.builder().max_identities(2).idle_after(Duration::from_secs(60)).build();
    let held = pool.get(&Identity::new("held")).unwrap();
    token(&held).await;
    tenants.endpoint.hold();
    let in_flight = pool.get(&Identity::new("in-flight")).unwrap();
    assert!(poll_once(&mut Box::pin(in_flight.token())).is_pending());
    until(|| tenants.endpoint.count() == 2).await;
    // No handle to this one is held any more, but its token request is in progress.
    drop(in_flight);
    tenants.clock.advance(Duration::from_secs(3));

    let error = pool.get(&Identity::new("one more")).unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::PoolFull, true));
    assert_eq!((pool.len(), pool.stats().full, pool.stats().evicted), (2, 1, 0));

    tenants.endpoint.open();
    settle().await;
    assert_eq!(token(&pool.get(&Identity::new("in-flight")).unwrap()).await, "in-flight#2");
}

#[tokio::test]
async fn cc13_an_unused_identity_is_evicted_even_if_there_is_room() {
    let tenants = Tenants::new();
    let pool = tenants.builder().idle_after(Duration::from_secs(60)).build();
    let held = pool.get(&Identity::new("held")).unwrap();
    pool.get(&Identity::new("idle")).unwrap();
    pool.get(&Identity::new("busy")).unwrap();
    tenants.clock.advance(Duration::from_secs(59));
    pool.get(&Identity::new("busy")).unwrap();
    pool.get(&Identity::new("new")).unwrap();
    assert_eq!(pool.len(), 4);
    tenants.clock.advance(Duration::from_secs(15));
    pool.get(&Identity::new("newer")).unwrap();
    assert_eq!((pool.len(), pool.stats().evicted), (4, 1));
    drop(held);
    tenants.clock.advance(Duration::from_secs(15));
    pool.get(&Identity::new("newest")).unwrap();
    assert_eq!((pool.len(), pool.stats().evicted), (4, 2));
}

#[tokio::test]
async fn cc12_one_tenants_slow_endpoint_delays_no_other_tenant() {
    let slow = FakeTokenEndpoint::issuing(3600);
    let quick = FakeTokenEndpoint::issuing(3600);
    slow.hold();
    let clock = TestClock::new();
    let pool = TokenPool::new({
        let (slow, quick, clock) = (slow.clone(), quick.clone(), clock.clone());
        move |identity: &Identity| {
            let endpoint = if identity.tenant() == "slow" { &slow } else { &quick };
            let exchange = exchange(endpoint, &clock, &example()).build()?;
            Ok(TokenManager::builder(exchange).clock(Arc::new(clock.clone())).build())
        }
    });
    let hanging = tokio::spawn({
        let manager = pool.get(&Identity::new("slow")).unwrap();
        async move { token(&manager).await }
    });
    until(|| slow.count() == 1).await;

    // A new tenant is added at once, and has its token after one exchange.
    let other = pool.get(&Identity::new("quick")).unwrap();
    assert_eq!(token(&other).await, "token-1");
    // From here on it is ready on the first poll.
    for _ in 0..100 {
        let manager = pool.get(&Identity::new("quick")).unwrap();
        assert!(poll_once(&mut Box::pin(manager.token())).is_ready());
    }
    assert!(!hanging.is_finished());
    slow.open();
    assert_eq!(hanging.await.unwrap(), "token-1");
}

#[test]
fn eight_threads_that_want_one_new_identity_share_its_manager() {
    let endpoint = FakeTokenEndpoint::scripted(|n, _| Ok(token_answer(&format!("t-{n}"), 3600)));
    let clock = TestClock::new();
    let pool = TokenPool::new({
        let endpoint = endpoint.clone();
        move |_: &Identity| {
            let exchange = exchange(&endpoint, &clock, &example()).build()?;
            Ok(TokenManager::builder(exchange).clock(Arc::new(clock.clone())).build())
        }
    });
    for round in 1..=50 {
        let identity = Identity::new(format!("tenant-{round}"));
        let barrier = std::sync::Barrier::new(8);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    barrier.wait();
                    let manager = pool.get(&identity).unwrap();
                    let token = manager.token().now_or_never();
                    assert!(
                        token.is_none_or(
                            |token| token.unwrap().access_token().expose() == format!("t-{round}")
                        )
                    );
                });
            }
        });
        assert_eq!((endpoint.count(), pool.len()), (round, round));
    }
}
