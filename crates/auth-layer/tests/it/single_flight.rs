//! Many callers and one exchange: who joins it, who shares its result, and that a caller which goes away does not stop
//! it.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier, Mutex};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use async_trait::async_trait;
use auth_layer::clock::{Now, Sleep};
use auth_layer::source::{IssuedToken, TokenRequest};
use auth_layer::{AccessToken, AuthLayer, Clock, Error, ErrorKind, TestClock, TokenManager, TokenSource};
use futures_util::FutureExt;
use futures_util::future::{Either, join_all, select};
use tokio::sync::Semaphore;
use tower::{Layer, Service, ServiceExt};

use crate::support::{
    FakeApi, FakeTokenEndpoint, Rig, at_once, example, exchange, get, kind, poll_once, respond, settle,
    status_at_once, token_answer, until,
};

#[tokio::test]
async fn b01_many_first_calls_make_one_token_request() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let api = FakeApi::accepting();
    rig.endpoint.hold();

    let calls = (0..200).map(|_| tokio::spawn(rig.over(api.clone()).oneshot(get("/me"))));
    let calls: Vec<_> = calls.collect();
    until(|| rig.endpoint.count() == 1).await;
    settle().await;
    rig.endpoint.open();

    for response in join_all(calls).await {
        assert_eq!(response.unwrap().unwrap().status(), 200);
    }
    assert_eq!(rig.endpoint.count(), 1);
    assert_eq!(api.bearers(), vec!["token-1"; 200]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn cc01_ten_thousand_first_calls_make_one_token_request() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let api = FakeApi::accepting();
    let service = rig.over(api.clone());
    rig.endpoint.hold();

    let calls: Vec<_> = (0..10_000).map(|_| tokio::spawn(service.clone().oneshot(get("/me")))).collect();
    until(|| rig.endpoint.count() == 1).await;
    rig.endpoint.open();

    for response in join_all(calls).await {
        assert_eq!(response.unwrap().unwrap().status(), 200);
    }
    assert_eq!(rig.endpoint.count(), 1);
    assert_eq!(api.bearers(), vec!["token-1"; 10_000]);
}

#[test]
fn b02_a_herd_on_eight_threads_at_hard_expiry_makes_one_token_request() {
    const THREADS: usize = 8;
    const CALLS: usize = 200;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(THREADS).build().unwrap();
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let api = FakeApi::accepting();
    let service = rig.over(api.clone());
    runtime.block_on(service.clone().oneshot(get("/me"))).unwrap();

    for round in 1..=25 {
        rig.advance(3600);
        let barrier = Barrier::new(THREADS);
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    barrier.wait();
                    let calls = (0..CALLS / THREADS).map(|_| service.clone().oneshot(get("/me")));
                    runtime.block_on(join_all(calls)).into_iter().for_each(|response| {
                        assert_eq!(response.unwrap().status(), 200);
                    });
                });
            }
        });
        assert_eq!(rig.endpoint.count(), round + 1);
        let carried = api.bearers().split_off(1 + CALLS * (round - 1));
        assert_eq!(carried, vec![format!("token-{}", round + 1); CALLS]);
    }
}

#[tokio::test]
async fn b03_all_who_wait_for_a_silent_endpoint_fail_by_its_timeout() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let api = FakeApi::accepting();
    rig.endpoint.hold();
    let mut calls: Vec<_> =
        (0..50).map(|_| tokio::spawn(rig.over(api.clone()).oneshot(get("/me")))).collect();
    until(|| rig.endpoint.count() == 1).await;

    rig.advance_millis(999);
    settle().await;
    assert!(calls.iter_mut().all(|call| !call.is_finished()));

    rig.advance_millis(101);
    settle().await;
    assert!(calls.iter_mut().all(|call| call.is_finished()));
    for outcome in join_all(calls).await {
        let error = outcome.unwrap().unwrap_err();
        assert_eq!(kind(&error), Some(ErrorKind::Timeout));
    }
    assert_eq!(rig.endpoint.count(), 1);
    assert_eq!(api.count(), 0);
}

#[tokio::test]
async fn b03b_a_failed_exchange_costs_those_who_come_later_one_more() {
    let rig = Rig::new(FakeTokenEndpoint::scripted(|n, _| match n {
        1 => Ok(respond(503, "busy")),
        _ => Ok(token_answer("good", 3600)),
    }));
    let api = FakeApi::accepting();
    for outcome in join_all((0..10).map(|_| rig.over(api.clone()).oneshot(get("/me")))).await {
        assert_eq!(kind(&outcome.unwrap_err()), Some(ErrorKind::Refused));
    }
    rig.advance(1);

    rig.endpoint.hold();
    let calls: Vec<_> = (0..200).map(|_| tokio::spawn(rig.over(api.clone()).oneshot(get("/me")))).collect();
    until(|| rig.endpoint.count() == 2).await;
    settle().await;
    rig.endpoint.release(1);
    settle().await;

    assert!(calls.iter().all(tokio::task::JoinHandle::is_finished));
    for outcome in join_all(calls).await {
        assert_eq!(outcome.unwrap().unwrap().status(), 200);
    }
    assert_eq!(rig.endpoint.count(), 2);
}

#[tokio::test]
async fn b04_a_remembered_failure_answers_on_the_first_poll() {
    let rig = Rig::new(FakeTokenEndpoint::scripted(|_, _| Ok(respond(503, "busy"))));
    let api = FakeApi::accepting();
    let service = rig.over(api.clone());
    let first = service.clone().oneshot(get("/me")).await.unwrap_err();
    assert_eq!(kind(&first), Some(ErrorKind::Refused));

    for _ in 0..1000 {
        let Poll::Ready(Err(error)) = at_once(&service) else { panic!("neither at once nor a failure") };
        assert_eq!(kind(&error), Some(ErrorKind::Refused));
        // 0.8 s in all, which is shorter than the shortest backoff of a first failure.
        rig.clock.advance(Duration::from_micros(800));
    }
    settle().await;
    assert_eq!(rig.endpoint.count(), 1);
    assert_eq!(api.count(), 0);
}

#[tokio::test]
async fn cc04_a_failure_is_shared_and_then_forgotten() {
    let rig = Rig::new(FakeTokenEndpoint::scripted(|n, _| match n {
        1 => Err("connection refused".into()),
        _ => Ok(token_answer("good", 3600)),
    }));
    let service = rig.over(FakeApi::accepting());
    for outcome in join_all((0..5).map(|_| service.clone().oneshot(get("/me")))).await {
        assert_eq!(kind(&outcome.unwrap_err()), Some(ErrorKind::Transport));
    }
    assert_eq!(rig.endpoint.count(), 1);

    rig.advance(1);
    assert_eq!(service.clone().oneshot(get("/me")).await.unwrap().status(), 200);
    assert_eq!(rig.endpoint.count(), 2);
}

#[tokio::test]
async fn b05_a_starter_that_goes_away_does_not_stop_the_exchange() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let api = FakeApi::accepting();
    let service = rig.over(api.clone());
    rig.endpoint.hold();
    let mut starter = service.clone().call(get("/starter"));
    assert!(poll_once(&mut starter).is_pending());
    until(|| rig.endpoint.count() == 1).await;
    let waiters: Vec<_> = (0..20).map(|_| tokio::spawn(service.clone().oneshot(get("/me")))).collect();
    settle().await;

    rig.advance_millis(10);
    drop(starter);
    settle().await;
    rig.advance_millis(190);
    rig.endpoint.release(1);
    settle().await;

    assert!(waiters.iter().all(tokio::task::JoinHandle::is_finished));
    for response in join_all(waiters).await {
        assert_eq!(response.unwrap().unwrap().status(), 200);
    }
    assert_eq!(rig.endpoint.count(), 1);
    assert_eq!(api.bearers(), vec!["token-1"; 20]);
}

/// A source that panics this many times.
#[derive(Clone, Debug)]
struct Panicking {
    asked: Arc<AtomicUsize>,
    panics: usize,
    gate: Arc<Semaphore>,
}

impl Panicking {
    fn times(panics: usize) -> Self {
        Self { asked: Arc::default(), panics, gate: Arc::new(Semaphore::new(0)) }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn ask(&self) -> Result<IssuedToken, Error> {
        let nth = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        assert!(nth > self.panics, "the source panics, as it was told to");
        Ok(IssuedToken::new(AccessToken::new("good")?, TestClock::new().now(), Duration::from_secs(3600)))
    }
}

#[async_trait]
impl TokenSource for Panicking {
    async fn token(&self, _: &TokenRequest) -> Result<IssuedToken, Error> {
        self.gate.acquire().await.unwrap().forget();
        self.ask()
    }
}

#[tokio::test]
async fn b06_a_panic_fails_the_waiters_and_the_next_call_tries_again() {
    let source = Panicking::times(1);
    let clock = TestClock::new();
    let manager = TokenManager::builder(source.clone()).clock(Arc::new(clock.clone())).build();
    let service = AuthLayer::new(&example(), manager.clone()).layer(FakeApi::accepting());
    let waiters: Vec<_> = (0..10).map(|_| tokio::spawn(service.clone().oneshot(get("/me")))).collect();
    settle().await;
    source.gate.add_permits(1);
    settle().await;

    assert!(waiters.iter().all(tokio::task::JoinHandle::is_finished));
    for outcome in join_all(waiters).await {
        assert_eq!(kind(&outcome.unwrap().unwrap_err()), Some(ErrorKind::Panicked));
    }
    assert_eq!(source.asked(), 1);

    source.gate.add_permits(1);
    assert_eq!(service.clone().oneshot(get("/me")).await.unwrap().status(), 200);
    assert_eq!(source.asked(), 2);
    assert_eq!(status_at_once(&service), 200);
}

#[tokio::test]
async fn b06_a_source_that_panics_for_ever_is_not_asked_for_ever() {
    let source = Panicking::times(usize::MAX);
    source.gate.add_permits(10_000);
    let manager = TokenManager::builder(source.clone()).clock(Arc::new(TestClock::new())).build();
    for _ in 0..1000 {
        assert_eq!(manager.token().await.unwrap_err().kind(), ErrorKind::Panicked);
    }
    assert_eq!(source.asked(), 2);
}

/// A source that panics before it returns a future.
#[derive(Debug)]
struct PanickingAtOnce(Panicking);

impl TokenSource for PanickingAtOnce {
    fn token<'a, 'b, 'c>(
        &'a self,
        _: &'b TokenRequest,
    ) -> Pin<Box<dyn Future<Output = Result<IssuedToken, Error>> + Send + 'c>>
    where
        'a: 'c,
        'b: 'c,
    {
        let issued = self.0.ask();
        Box::pin(async move { issued })
    }
}

#[tokio::test]
async fn b06_a_panic_before_the_first_await_is_caught_too() {
    let source = Panicking::times(1);
    let manager =
        TokenManager::builder(PanickingAtOnce(source.clone())).clock(Arc::new(TestClock::new())).build();
    assert_eq!(manager.token().await.unwrap_err().kind(), ErrorKind::Panicked);
    assert_eq!(manager.token().await.unwrap().access_token().expose(), "good");
    assert_eq!(source.asked(), 2);
}

/// A source that fails, and panics when it is asked whether it would send something else by now.
#[derive(Debug)]
struct PanickingWhenChecked {
    asked: Arc<AtomicUsize>,
}

#[async_trait]
impl TokenSource for PanickingWhenChecked {
    async fn token(&self, _: &TokenRequest) -> Result<IssuedToken, Error> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Err(Error::from_source("no token", true))
    }

    fn has_changed(&self) -> Option<Pin<Box<dyn Future<Output = bool> + Send + '_>>> {
        panic!("the source panics, as it was told to")
    }
}

#[tokio::test]
async fn b06_a_failure_is_remembered_even_if_the_check_of_it_panics() {
    let asked = Arc::new(AtomicUsize::new(0));
    let source = PanickingWhenChecked { asked: asked.clone() };
    let manager = TokenManager::builder(source).clock(Arc::new(TestClock::new())).build();
    for _ in 0..100 {
        assert!(manager.token().await.is_err());
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn b07_a_slow_renewal_of_one_token_does_not_delay_another() {
    let clock = TestClock::new();
    let rig = |scope: &str| {
        let endpoint = FakeTokenEndpoint::issuing(3600);
        let profile = example().with_scope(scope.parse().unwrap());
        let exchange =
            exchange(&endpoint, &clock, &profile).timeout(Duration::from_secs(30)).build().unwrap();
        Rig::with_exchange(endpoint, clock.clone(), profile, exchange)
    };
    let (slow, quick) = (rig("read"), rig("write"));
    let (slow_service, quick_service) = (slow.over(FakeApi::accepting()), quick.over(FakeApi::accepting()));
    quick_service.clone().oneshot(get("/me")).await.unwrap();
    slow.endpoint.hold();
    let waiting = tokio::spawn(slow_service.clone().oneshot(get("/me")));
    until(|| slow.endpoint.count() == 1).await;

    for _ in 0..500 {
        assert_eq!(status_at_once(&quick_service), 200);
        clock.advance(Duration::from_millis(10));
        tokio::task::yield_now().await;
    }
    assert!(!waiting.is_finished());
    slow.endpoint.open();
    assert_eq!(waiting.await.unwrap().unwrap().status(), 200);
    assert_eq!((slow.endpoint.count(), quick.endpoint.count()), (1, 1));
    assert_eq!(slow.endpoint.seen()[0].form("scope").as_deref(), Some("read"));
}

#[tokio::test]
async fn cc03_a_caller_keeps_its_own_deadline_and_the_exchange_goes_on() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let service = rig.over(FakeApi::accepting());
    rig.endpoint.hold();
    let call = service.clone().oneshot(get("/me"));
    let deadline = rig.clock.sleep(Duration::from_millis(50));
    let caller = tokio::spawn(async move { matches!(select(call, deadline).await, Either::Right(_)) });
    until(|| rig.endpoint.count() == 1).await;

    rig.advance_millis(49);
    settle().await;
    assert!(!caller.is_finished());
    rig.advance_millis(1);
    settle().await;
    assert!(caller.is_finished());
    assert!(caller.await.unwrap(), "the deadline came first");

    rig.advance_millis(250);
    rig.endpoint.release(1);
    settle().await;
    assert_eq!(status_at_once(&service), 200);
    assert_eq!(rig.endpoint.count(), 1);
}

/// A clock that can stop a thread between reading the time and acting on it.
#[derive(Clone, Debug)]
struct PausingClock {
    clock: TestClock,
    pause: Arc<Mutex<Option<Pause>>>,
}

/// The channel that reports the reading, and the one that lets the thread go on.
type Pause = (Sender<()>, Receiver<()>);

impl Clock for PausingClock {
    fn now(&self) -> Now {
        let now = self.clock.now();
        let pause = self.pause.lock().unwrap().take();
        if let Some((reached, resume)) = pause {
            reached.send(()).unwrap();
            resume.recv().unwrap();
        }
        now
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        self.clock.sleep(duration)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b01_a_caller_that_was_slow_to_look_renews_nothing_twice() {
    let endpoint = FakeTokenEndpoint::issuing(3600);
    let clock = PausingClock { clock: TestClock::new(), pause: Arc::default() };
    let exchange = exchange(&endpoint, &clock.clock, &example()).build().unwrap();
    let manager = TokenManager::builder(exchange).clock(Arc::new(clock.clone())).build();
    manager.token().await.unwrap();
    clock.clock.advance(Duration::from_secs(3599));

    // This thread sees the expired token and the time, and then stops for a while.
    let (reached, has_reached) = channel();
    let (resume, resumed) = channel();
    *clock.pause.lock().unwrap() = Some((reached, resumed));
    let slow = tokio::spawn({
        let manager = manager.clone();
        async move { manager.token().await.map(|_| ()) }
    });
    tokio::task::spawn_blocking(move || has_reached.recv()).await.unwrap().unwrap();

    // Meanwhile another caller renews.
    manager.token().await.unwrap();
    until(|| {
        let token = manager.token().now_or_never().unwrap().unwrap();
        token.access_token().expose() == "token-2"
    })
    .await;
    resume.send(()).unwrap();
    slow.await.unwrap().unwrap();
    settle().await;
    assert_eq!(manager.stats().exchanges, 2);

    // The next renewal comes when it is due.
    clock.clock.advance(Duration::from_secs(3599));
    manager.token().await.unwrap();
    until(|| endpoint.count() == 3).await;
}
