//! The place where an exchange runs: built without a runtime, driven by the callers, on a runtime that ends. Also the
//! end of the last handle, and which instance of the inner service is called.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use auth_layer::leaf::hyper_util;
use auth_layer::leaf::reqwest::ReqwestLeaf;
use auth_layer::operation::Security;
use auth_layer::source::{IssuedToken, TokenRequest};
use auth_layer::{
    AccessToken, AuthLayer, BoxError, Clock, Credential, Error, ErrorKind, Exchange, Grant, Identity,
    OperationMeta, RetryLayer, RetryPolicy, TestClock, TokenManager, TokenSource, Transport,
};
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Semaphore;
use tower::{Layer, Service, ServiceExt};

use crate::support::{
    FakeApi, FakeTokenEndpoint, Rig, at_once, example, get, kind, poll_once, respond, settle, status_at_once,
    token_answer,
};

fn runtime() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

#[test]
fn b85_a_client_is_built_outside_a_runtime_and_sends_nothing() {
    assert!(Handle::try_current().is_err());
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let api = FakeApi::accepting();
    let service = rig.over(api.clone());
    let manager = service.clone();
    drop((service, manager));
    assert_eq!((rig.endpoint.count(), api.count()), (0, 0));
    assert_eq!(rig.manager.stats().exchanges, 0);
}

#[test]
fn b85_the_leaves_are_built_outside_a_runtime() {
    assert!(Handle::try_current().is_err());
    let credential = Credential::new("client", "client-secret");
    let exchange = Exchange::builder(example(), credential, Grant::ClientCredentials).build().unwrap();
    let layer = AuthLayer::new(&example(), TokenManager::new(exchange));
    drop(layer.layer(hyper_util::client::<Full<Bytes>>().unwrap()));
    drop(layer.layer(ReqwestLeaf::new().unwrap()));
    assert_eq!(layer.manager().unwrap().stats().exchanges, 0);
}

#[test]
fn outside_a_runtime_the_waiters_drive_one_exchange() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let service = rig.over(FakeApi::accepting());
    rig.endpoint.hold();
    let mut calls: Vec<_> = (0..5).map(|_| service.clone().call(get("/me"))).collect();
    assert!(calls.iter_mut().all(|call| poll_once(call).is_pending()));
    drop(calls.remove(0));
    rig.endpoint.open();
    for mut call in calls {
        let Poll::Ready(response) = poll_once(&mut call) else { panic!("the exchange is over") };
        assert_eq!(response.unwrap().status(), 200);
    }
    assert_eq!(rig.endpoint.count(), 1);
}

#[test]
fn outside_a_runtime_the_exchange_ends_with_its_last_waiter() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let service = rig.over(FakeApi::accepting());
    rig.endpoint.hold();
    let mut calls: Vec<_> = (0..2).map(|_| service.clone().call(get("/me"))).collect();
    assert!(calls.iter_mut().all(|call| poll_once(call).is_pending()));
    assert_eq!(rig.endpoint.count(), 1);
    drop(calls);

    rig.endpoint.open();
    assert_eq!(status_at_once(&service), 200);
    assert_eq!(rig.endpoint.count(), 2);
}

#[test]
fn b92_without_a_runtime_tokens_come_are_replaced_and_are_renewed() {
    assert!(Handle::try_current().is_err());
    let rig = Rig::new(FakeTokenEndpoint::issuing(60));
    let service = rig.over(FakeApi::rejecting(&["token-1"]));
    // The first token is rejected, and the second replaces it.
    assert_eq!(status_at_once(&service), 200);
    assert_eq!(rig.endpoint.count(), 2);
    // There is no early renewal, and the first caller after the end gets the next token.
    rig.advance(55);
    assert_eq!(status_at_once(&service), 200);
    assert_eq!(rig.endpoint.count(), 2);
    rig.advance(5);
    assert_eq!(status_at_once(&service), 200);
    assert_eq!(rig.endpoint.count(), 3);
    // A failure comes at once, and the next call succeeds.
    rig.endpoint.now(|_, _| Err("down".into()));
    rig.advance(60);
    let Some(Err(error)) = service.clone().oneshot(get("/me")).now_or_never() else { panic!("it waits") };
    assert_eq!(kind(&error), Some(ErrorKind::Transport));
    rig.endpoint.now(|n, _| Ok(token_answer(&format!("token-{n}"), 60)));
    rig.advance(60);
    assert_eq!(status_at_once(&service), 200);
}

/// A body that cannot be sent again.
fn stream() -> http_body_util::combinators::BoxBody<Bytes, BoxError> {
    Full::new(Bytes::from("once")).map_err(|never| match never {}).boxed()
}

#[test]
fn a_rejection_without_a_resend_hinders_no_later_renewal() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let api = FakeApi::rejecting(&["token-1"]);
    let service = rig.over(api.clone());
    let request = Request::post("https://api.example.com/once").body(stream()).unwrap();
    let response = service.clone().oneshot(request).now_or_never().unwrap().unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(rig.endpoint.count(), 1);

    // The next rejection causes a renewal, and so does the soft point of a token from such a renewal.
    assert_eq!(status_at_once(&service), 200);
    assert_eq!(rig.endpoint.count(), 2);
}

#[test]
fn a_flight_that_never_began_hinders_no_early_renewal() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let service = rig.over(FakeApi::rejecting(&["token-1"]));
    let request = Request::post("https://api.example.com/once").body(stream()).unwrap();
    service.clone().oneshot(request).now_or_never().unwrap().unwrap();
    rig.advance(3599);

    runtime().block_on(async {
        assert_eq!(status_at_once(&rig.over(FakeApi::accepting())), 200);
        settle().await;
        assert_eq!(rig.endpoint.count(), 2);
    });
}

#[test]
fn a_runtime_that_shuts_down_fails_only_the_waiters_of_its_exchange() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let service = rig.over(FakeApi::accepting());
    rig.endpoint.hold();
    let first = runtime();
    let mut waiting = {
        let _inside = first.enter();
        service.clone().call(get("/me"))
    };
    assert!(poll_once(&mut waiting).is_pending());
    first.block_on(settle());
    assert_eq!(rig.endpoint.count(), 1);
    drop(first);
    let Poll::Ready(Err(error)) = poll_once(&mut waiting) else { panic!("nobody will bring a token") };
    assert_eq!(kind(&error), Some(ErrorKind::Interrupted));

    rig.endpoint.open();
    runtime().block_on(async {
        assert_eq!(service.clone().oneshot(get("/me")).await.unwrap().status(), 200);
        rig.advance(3599);
        assert_eq!(status_at_once(&service), 200);
        settle().await;
    });
    assert_eq!(rig.endpoint.count(), 3);
}

#[tokio::test]
async fn b87_the_last_handle_ends_the_exchange() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let Rig { endpoint, manager, .. } = rig;
    endpoint.hold();
    let other = manager.clone();
    assert!(manager.token().now_or_never().is_none());
    settle().await;
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 1);
    drop(manager);
    settle().await;
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 1, "there is another handle");
    drop(other);
    settle().await;
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
    assert_eq!(endpoint.count(), 1);
}

#[tokio::test]
async fn b87_ten_thousand_clients_leave_no_task_behind() {
    let endpoint = FakeTokenEndpoint::issuing(3600);
    endpoint.hold();
    for _ in 0..10_000 {
        let rig = Rig::new(endpoint.clone());
        assert!(at_once(&rig.over(FakeApi::accepting())).is_pending());
        tokio::task::yield_now().await;
    }
    settle().await;
    assert_eq!(endpoint.count(), 10_000);
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
}

/// Makes managers one after another, and drops each: every tenth with a token, the others during an exchange.
async fn lives(count: usize, clock: &TestClock, transport: &Transport) {
    let profile = example();
    for number in 0..count {
        let credential = Credential::new("client", "client-secret");
        let exchange = Exchange::builder(profile.clone(), credential, Grant::ClientCredentials)
            .transport(transport.clone())
            .clock(Arc::new(clock.clone()))
            .build()
            .unwrap();
        let manager = TokenManager::builder(exchange).clock(Arc::new(clock.clone())).build();
        let service = AuthLayer::new(&profile, manager).layer(FakeApi::accepting());
        if number % 10 == 0 {
            assert_eq!(service.oneshot(get("/me")).await.unwrap().status(), 200);
        } else {
            assert!(at_once(&service).is_pending());
            tokio::task::yield_now().await;
            drop(service);
            tokio::task::yield_now().await;
        }
    }
    settle().await;
}

#[test]
fn b87_ten_thousand_managers_leave_nothing_on_the_heap() {
    let clock = TestClock::new();
    let transport = Transport::new(tower::service_fn(|_| async {
        settle().await;
        Ok::<_, BoxError>(token_answer("token", 3600))
    }));
    let runtime = runtime();
    runtime.block_on(lives(100, &clock, &transport));
    let heap = allocation_counter::measure(|| runtime.block_on(lives(10_000, &clock, &transport)));
    assert!(heap.count_total > 10_000, "it is measured: {heap:?}");
    assert_eq!((heap.count_current, heap.bytes_current), (0, 0), "{heap:?}");
    assert_eq!(runtime.metrics().num_alive_tasks(), 0);
}

/// A source that must finish what it started.
#[derive(Clone, Debug)]
struct Rotating {
    gate: Arc<Semaphore>,
    finished: Arc<AtomicUsize>,
}

#[async_trait]
impl TokenSource for Rotating {
    async fn token(&self, _: &TokenRequest) -> Result<IssuedToken, Error> {
        self.gate.acquire().await.unwrap().forget();
        self.finished.fetch_add(1, Ordering::SeqCst);
        Ok(IssuedToken::new(AccessToken::new("good")?, TestClock::new().now(), Duration::from_secs(60)))
    }

    fn must_finish(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn b87_an_exchange_that_must_finish_outlives_the_last_handle() {
    let source = Rotating { gate: Arc::new(Semaphore::new(0)), finished: Arc::default() };
    let manager = TokenManager::builder(source.clone()).clock(Arc::new(TestClock::new())).build();
    assert!(manager.token().now_or_never().is_none());
    settle().await;
    drop(manager);
    settle().await;
    assert_eq!(source.finished.load(Ordering::SeqCst), 0);
    source.gate.add_permits(1);
    settle().await;
    assert_eq!(source.finished.load(Ordering::SeqCst), 1);
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
}

/// A service whose clones are never ready, each with its own number. It panics if it is called before it is ready.
#[derive(Debug)]
struct Probe {
    number: usize,
    ready: bool,
    book: Arc<Book>,
    api: FakeApi,
}

#[derive(Debug, Default)]
struct Book {
    instances: AtomicUsize,
    /// The instances that were polled ready and have not given the reservation up.
    reserved: Mutex<Vec<usize>>,
    given_up: AtomicUsize,
    called: Mutex<Vec<usize>>,
}

impl Probe {
    fn new(api: FakeApi) -> Self {
        Self { number: 0, ready: false, book: Arc::default(), api }
    }
}

impl Clone for Probe {
    fn clone(&self) -> Self {
        let number = self.book.instances.fetch_add(1, Ordering::SeqCst) + 1;
        Self { number, ready: false, book: self.book.clone(), api: self.api.clone() }
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        if self.ready {
            let mut reserved = self.book.reserved.lock().unwrap();
            let own = reserved.iter().rposition(|number| *number == self.number).unwrap();
            reserved.remove(own);
            self.book.given_up.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl Service<Request<Full<Bytes>>> for Probe {
    type Response = Response<Full<Bytes>>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<Full<Bytes>>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        assert!(!self.ready, "reserved twice");
        self.ready = true;
        self.book.reserved.lock().unwrap().push(self.number);
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Full<Bytes>>) -> Self::Future {
        assert!(std::mem::take(&mut self.ready), "called without being ready");
        self.book.called.lock().unwrap().push(self.number);
        self.api.call(request)
    }
}

#[tokio::test]
async fn b90_each_send_reserves_once_and_a_wait_gives_up_what_it_reserved() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    // These calls are rejected: one that hit, and one that had waited.
    let api = FakeApi::scripted(|n, _| if n == 3 || n == 5 { respond(401, "") } else { respond(200, "") });
    let probe = Probe::new(api);
    let book = probe.book.clone();
    let mut service = rig.over(probe);
    let (mut sends, mut waits) = (0, 0);
    let mut check = |sent: usize, waited: usize| {
        (sends, waits) = (sends + sent, waits + waited);
        let (reserved, called) = (book.reserved.lock().unwrap(), book.called.lock().unwrap());
        assert_eq!(*reserved, *called);
        assert_eq!((called.len(), book.given_up.load(Ordering::SeqCst)), (sends, waits));
    };

    // A call that waits for the first token, a hit, and a hit that is rejected and sent again.
    service.ready().await.unwrap().call(get("/wait")).await.unwrap();
    check(1, 1);
    service.ready().await.unwrap().call(get("/hit")).await.unwrap();
    check(1, 0);
    service.ready().await.unwrap().call(get("/rejected")).await.unwrap();
    check(2, 0);

    // A call that waits and is rejected.
    rig.advance(3600);
    service.ready().await.unwrap().call(get("/wait")).await.unwrap();
    check(2, 1);

    // A call without a managed token.
    let elsewhere = Request::get("https://elsewhere.example.com/").body(Full::default()).unwrap();
    service.ready().await.unwrap().call(elsewhere).await.unwrap();
    check(1, 0);
}

#[tokio::test]
async fn b90_a_call_that_is_not_sent_gives_up_what_it_reserved() {
    let rig = Rig::new(FakeTokenEndpoint::scripted(|_, _| Err("connection refused".into())));
    let probe = Probe::new(FakeApi::accepting());
    let book = probe.book.clone();
    let mut service = rig.over(probe);
    static SIGNED: OperationMeta =
        OperationMeta::new("signed", Method::GET, "/signed").with_security(Security::Other(&["signature"]));
    let mut requests = [get("/waits"), get("/fails-at-once"), get("/identity"), get("/signed")];
    requests[2].extensions_mut().insert(Identity::new("tenant"));
    requests[3].extensions_mut().insert(&SIGNED);
    for (given_up, request) in (1..).zip(requests) {
        // The instance is used again, so it must not keep this call's reservation.
        service.ready().await.unwrap().call(request).await.unwrap_err();
        assert_eq!(book.given_up.load(Ordering::SeqCst), given_up);
        assert!(book.reserved.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn b90_each_retry_reserves_once_and_calls_what_it_reserved() {
    let clock = TestClock::new();
    let probe = Probe::new(FakeApi::scripted(|n, _| respond(if n <= 2 { 503 } else { 200 }, "")));
    let book = probe.book.clone();
    let policy =
        RetryPolicy::new().with_clock(Arc::new(clock.clone())).with_backoff(Duration::ZERO, Duration::ZERO);
    let mut service = RetryLayer::new(policy).layer(probe);
    assert_eq!(service.ready().await.unwrap().call(get("/me")).await.unwrap().status(), 200);
    let (reserved, called) = (book.reserved.lock().unwrap(), book.called.lock().unwrap());
    assert_eq!((reserved.len(), called.len()), (3, 3));
    assert_eq!(*reserved, *called);
}
