//! Requests of many identities through one layer: each carries its own identity's token, and never another's.

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use auth_layer::authorize::Auth;
use auth_layer::operation::Security;
use auth_layer::pool::TokenPoolBuilder;
use auth_layer::{AuthLayer, ErrorKind, Identity, OperationMeta, TestClock, TokenManager, TokenPool};
use bytes::Bytes;
use futures_util::future::join_all;
use http::{Method, Request};
use http_body_util::Full;
use tower::{Layer, Service, ServiceExt};

use crate::support::{
    FakeApi, FakeTokenEndpoint, example, exchange, get, kind, poll_once, respond, settle, token_answer, until,
};

/// Returns managers whose tokens name their tenant: `tenant#n`, or `tenant:scope#n`. A space in a scope becomes `+`.
fn pool(endpoint: &FakeTokenEndpoint, clock: &TestClock) -> TokenPoolBuilder {
    endpoint.now(|n, seen| {
        let scope = seen.form("scope").map_or(String::new(), |scope| format!(":{}", scope.replace(' ', "+")));
        Ok(token_answer(&format!("{}{scope}#{n}", seen.form("audience").unwrap()), 3600))
    });
    let (endpoint, its_clock) = (endpoint.clone(), clock.clone());
    TokenPool::builder(move |identity: &Identity| {
        // The request names the tenant in a place that the fake token endpoint can read.
        let exchange = exchange(&endpoint, &its_clock, &example())
            .identity(identity)
            .audience(identity.tenant())
            .build()?;
        Ok(TokenManager::builder(exchange).clock(Arc::new(its_clock.clone())).jitter_seed(1).build())
    })
    .clock(Arc::new(clock.clone()))
}

fn of(tenant: &str, path: &str) -> Request<Full<Bytes>> {
    let mut request = get(path);
    request.extensions_mut().insert(Identity::new(tenant));
    request
}

/// Returns the layer over a pool with all defaults, around an API.
fn over(endpoint: &FakeTokenEndpoint, api: &FakeApi) -> Auth<FakeApi> {
    AuthLayer::pooled(&example(), pool(endpoint, &TestClock::new()).build()).layer(api.clone())
}

#[tokio::test]
async fn ten_thousand_interleaved_calls_never_carry_another_tenants_token() {
    let endpoint = FakeTokenEndpoint::issuing(3600);
    let api = FakeApi::scripted(|n, seen| {
        let bearer = seen.bearer().unwrap();
        let tenant = seen.uri.path().trim_start_matches('/');
        assert_eq!(bearer.split('#').next(), Some(tenant), "another tenant's token");
        respond(if n % 97 == 0 { 401 } else { 200 }, "")
    });
    let clock = TestClock::new();
    let pool = pool(&endpoint, &clock).build();
    let service = AuthLayer::pooled(&example(), pool.clone()).layer(api.clone());
    for wave in 0..100 {
        // From time to time all tokens expire. A rejection may always renew.
        clock.advance(Duration::from_secs(if wave % 5 == 0 { 3600 } else { 40 }));
        let calls = (0..100).map(|n| {
            let (service, pool) = (service.clone(), pool.clone());
            tokio::spawn(async move {
                if n == 50 {
                    pool.remove(&Identity::new("odd"));
                }
                let tenant = if n % 2 == 0 { "even" } else { "odd" };
                service.oneshot(of(tenant, &format!("/{tenant}"))).await
            })
        });
        let calls: Vec<_> = calls.collect();
        for outcome in join_all(calls).await {
            match outcome.unwrap() {
                Ok(response) => assert!([200, 401].contains(&response.status().as_u16())),
                Err(error) => assert_eq!(kind(&error), Some(ErrorKind::Interrupted)),
            }
        }
    }
    assert!(api.count() > 7_000, "{} calls", api.count());
    assert!(endpoint.count() > 200, "{} exchanges", endpoint.count());
}

#[tokio::test]
async fn one_service_keeps_its_tenants_apart() {
    let endpoint = FakeTokenEndpoint::issuing(3600);
    let api = FakeApi::accepting();
    let mut service = over(&endpoint, &api);
    for tenant in ["a", "b", "a", "b", "b", "a"] {
        ServiceExt::<Request<Full<Bytes>>>::ready(&mut service)
            .await
            .unwrap()
            .call(of(tenant, "/me"))
            .await
            .unwrap();
    }
    assert_eq!(api.bearers(), ["a#1", "b#2", "a#1", "b#2", "b#2", "a#1"]);
}

#[tokio::test]
async fn a_rejection_of_one_tenants_token_renews_that_one_alone() {
    let endpoint = FakeTokenEndpoint::issuing(3600);
    let api = FakeApi::scripted(|_, seen| {
        respond(
            if seen.bearer().as_deref() == Some("a#1") && seen.uri.path() == "/again" { 401 } else { 200 },
            "",
        )
    });
    let service = over(&endpoint, &api);
    for tenant in ["a", "b"] {
        service.clone().oneshot(of(tenant, "/me")).await.unwrap();
    }
    let response = service.clone().oneshot(of("a", "/again")).await.unwrap();
    assert_eq!(response.status(), 200);
    service.clone().oneshot(of("b", "/again")).await.unwrap();
    assert_eq!(api.bearers(), ["a#1", "b#2", "a#1", "a#3", "b#2"]);
    assert_eq!(endpoint.count(), 3);
}

#[tokio::test]
async fn a_request_that_names_no_identity_is_not_sent() {
    let endpoint = FakeTokenEndpoint::issuing(3600);
    let api = FakeApi::accepting();
    let service = over(&endpoint, &api);
    let error = service.clone().oneshot(get("/me")).await.unwrap_err();
    assert_eq!(kind(&error), Some(ErrorKind::Credential));
    assert_eq!((endpoint.count(), api.count()), (0, 0));

    // A request that needs no token needs no identity.
    let elsewhere = Request::get("https://elsewhere.example.com/").body(Full::<Bytes>::default()).unwrap();
    service.clone().oneshot(elsewhere).await.unwrap();
    let mut public = get("/health");
    public.extensions_mut().insert(&HEALTH);
    service.clone().oneshot(public).await.unwrap();
    assert_eq!(api.bearers(), ["", ""]);
}

#[tokio::test]
async fn a_request_that_names_no_identity_has_the_default_one() {
    let (endpoint, clock) = (FakeTokenEndpoint::issuing(3600), TestClock::new());
    let api = FakeApi::accepting();
    let pool = pool(&endpoint, &clock).default_identity(Identity::new("our-own")).build();
    let layer = AuthLayer::pooled(&example(), pool);
    assert!(layer.manager().is_none());
    let service = layer.layer(api.clone());
    service.clone().oneshot(get("/me")).await.unwrap();
    service.clone().oneshot(of("a", "/me")).await.unwrap();
    assert_eq!(api.bearers(), ["our-own#1", "a#2"]);
}

static HEALTH: OperationMeta =
    OperationMeta::new("health", Method::GET, "/health").with_security(Security::Public);
static READ: OperationMeta = OperationMeta::new("read", Method::GET, "/orders").with_scopes(&["orders:read"]);
static CHANGE: OperationMeta =
    OperationMeta::new("change", Method::GET, "/orders").with_scopes(&["orders:write", "orders:read"]);
static PLAIN: OperationMeta = OperationMeta::new("plain", Method::GET, "/plain");
static MISSPELT: OperationMeta =
    OperationMeta::new("misspelt", Method::GET, "/misspelt").with_scopes(&["or\"ders"]);

fn operation(meta: &'static OperationMeta) -> Request<Full<Bytes>> {
    let mut request = of("a", "/orders");
    request.extensions_mut().insert(meta);
    request
}

#[tokio::test]
async fn sc08_a_token_has_the_scopes_of_its_operation_and_no_others() {
    let (endpoint, clock) = (FakeTokenEndpoint::issuing(3600), TestClock::new());
    let api = FakeApi::accepting();
    let pool = pool(&endpoint, &clock).scopes_per_operation().build();
    let service = AuthLayer::pooled(&example(), pool.clone()).layer(api.clone());
    for meta in [&READ, &CHANGE, &PLAIN, &READ, &CHANGE] {
        service.clone().oneshot(operation(meta)).await.unwrap();
    }
    let expected = ["a:orders:read#1", "a:orders:read+orders:write#2", "a#3"];
    assert_eq!(api.bearers()[..3], expected);
    assert_eq!(api.bearers()[3..], expected[..2]);
    assert_eq!((endpoint.count(), pool.len()), (3, 3));

    // The extra parts of the identity are not requested.
    let mut request = operation(&READ);
    request.extensions_mut().insert(Identity::new("a").with_scope("admin".parse().unwrap()));
    service.clone().oneshot(request).await.unwrap();
    assert_eq!(endpoint.count(), 3);

    // A scope that cannot be sent is an error before anything is sent.
    let error = service.clone().oneshot(operation(&MISSPELT)).await.unwrap_err();
    assert_eq!(kind(&error), Some(ErrorKind::Credential));
    assert_eq!(api.count(), 6);
}

#[tokio::test]
async fn unless_the_pool_says_so_the_scopes_of_operations_make_no_difference() {
    let endpoint = FakeTokenEndpoint::issuing(3600);
    let api = FakeApi::accepting();
    let service = over(&endpoint, &api);
    for meta in [&READ, &CHANGE, &PLAIN] {
        service.clone().oneshot(operation(meta)).await.unwrap();
    }
    assert_eq!(api.bearers(), ["a#1"; 3]);
}

#[tokio::test]
async fn cc12_a_tenant_that_hangs_leaves_the_hits_of_another_at_once() {
    let endpoint = FakeTokenEndpoint::issuing(3600);
    let api = FakeApi::accepting();
    let service = over(&endpoint, &api);
    service.clone().oneshot(of("b", "/me")).await.unwrap();
    endpoint.hold();
    let hanging = tokio::spawn(service.clone().oneshot(of("a", "/me")));
    until(|| endpoint.count() == 2).await;
    for _ in 0..100 {
        assert!(poll_once(&mut service.clone().call(of("b", "/me"))).is_ready());
    }
    assert!(!hanging.is_finished());
    endpoint.open();
    hanging.await.unwrap().unwrap();
}

#[tokio::test]
async fn cc13_a_request_under_way_keeps_its_manager() {
    let (endpoint, clock) = (FakeTokenEndpoint::issuing(3600), TestClock::new());
    let (api, gate) = FakeApi::scripted(|n, _| respond(if n == 1 { 401 } else { 200 }, "")).gated();
    let pool = pool(&endpoint, &clock).max_identities(1).build();
    let service = AuthLayer::pooled(&example(), pool.clone()).layer(api.clone());
    let under_way = tokio::spawn(service.clone().oneshot(of("a", "/me")));
    until(|| api.count() == 1).await;

    let Poll::Ready(Err(error)) = poll_once(&mut service.clone().call(of("b", "/me"))) else {
        panic!("it found room")
    };
    assert_eq!(kind(&error), Some(ErrorKind::PoolFull));

    // Its token is rejected now, and it still finds its manager.
    gate.add_permits(10);
    assert_eq!(under_way.await.unwrap().unwrap().status(), 200);
    settle().await;
    service.clone().oneshot(of("b", "/me")).await.unwrap();
    assert_eq!(api.bearers(), ["a#1", "a#2", "b#3"]);
}

#[tokio::test]
async fn a_request_that_names_an_identity_does_not_get_the_only_token() {
    let rig = crate::support::Rig::new(FakeTokenEndpoint::issuing(3600));
    let api = FakeApi::rejecting(&[]);
    let mut request = get("/me");
    request.extensions_mut().insert(Identity::new("tenant-9"));
    let error = rig.layer().layer(api.clone()).oneshot(request).await.unwrap_err();
    assert_eq!(auth_layer::Error::find(error.as_ref()).unwrap().kind(), ErrorKind::Credential);
    assert_eq!((rig.endpoint.count(), api.seen().len()), (0, 0));
}
