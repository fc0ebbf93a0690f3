//! Answers to a refresh that are lost inside this process, and the errors about lost answers.

use std::error::Error as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use auth_layer::store::{Entry, State};
use auth_layer::{
    AccessToken, Clock, Credential, Error, ErrorKind, Exchange, Grant, RefreshToken, ReplayRule, Secret,
    SecretSource, TokenManager, Transport,
};
use tokio::runtime::{Builder, Runtime};
use tower::{ServiceExt, service_fn};

use crate::house::{House, strict, token, token_in_time};
use crate::refresh::{refreshed, sent};
use crate::support::{FakeTokenEndpoint, json_response, poll_once, respond, settle, until};

const GRACE: ReplayRule = ReplayRule::Grace(Duration::from_secs(30));

/// The way in which an exchange ends inside this process after its request was sent.
#[derive(Clone, Copy, Debug)]
enum CutOff {
    /// Its runtime is dropped.
    Runtime,
    /// The last caller of an exchange outside a runtime is dropped.
    LastCaller,
    /// The transport panics.
    Panic,
}

const ALL: [CutOff; 3] = [CutOff::Runtime, CutOff::LastCaller, CutOff::Panic];

fn runtime() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

/// Returns a token endpoint that accepts any refresh token again for a while, and issues new ones.
fn lenient() -> FakeTokenEndpoint {
    FakeTokenEndpoint::scripted(|n, _| Ok(refreshed(n, Some(&format!("r{n}")))))
}

/// A process whose transport takes requests, and answers none while a flag is set.
struct Process {
    manager: TokenManager,
    hangs: Arc<AtomicBool>,
}

impl Process {
    fn start(house: &House) -> Self {
        let (endpoint, hangs) = (house.endpoint.service(), Arc::<AtomicBool>::default());
        let is_hung = hangs.clone();
        let transport = Transport::new(service_fn(move |request| {
            let (answer, hangs) = (endpoint.clone().oneshot(request), is_hung.load(Ordering::Relaxed));
            async move {
                let answer = answer.await;
                if hangs {
                    std::future::pending::<()>().await;
                }
                answer
            }
        }));
        Self { manager: house.manage(house.exchange().transport(transport)).build(), hangs }
    }

    /// Starts an exchange, and cuts it off after its request was sent.
    fn cut_off(&self, house: &House, how: CutOff) {
        let before = house.endpoint.count();
        self.hangs.store(true, Ordering::Relaxed);
        match how {
            CutOff::Runtime => {
                let runtime = runtime();
                let mut waiting = Box::pin(self.manager.token());
                {
                    let _inside = runtime.enter();
                    assert!(poll_once(&mut waiting).is_pending());
                }
                runtime.block_on(until(|| house.endpoint.count() > before));
                drop(runtime);
            }
            CutOff::LastCaller => {
                let mut waiting = Box::pin(self.manager.token());
                assert!(poll_once(&mut waiting).is_pending());
            }
            CutOff::Panic => {
                house.endpoint.now(|_, _| panic!("the transport panics"));
                let error = runtime().block_on(self.manager.token()).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Panicked);
                house.endpoint.now(|n, _| Ok(refreshed(n, Some(&format!("r{n}")))));
            }
        }
        assert_eq!(house.endpoint.count(), before + 1, "{how:?}");
        self.hangs.store(false, Ordering::Relaxed);
        house.advance(6);
    }

    fn token(&self) -> Result<String, Error> {
        runtime().block_on(token(&self.manager))
    }
}

#[test]
fn rf06_an_exchange_that_was_cut_off_is_made_good_in_a_grace_period() {
    for how in ALL {
        let house = House::new(lenient(), GRACE);
        let process = Process::start(&house);
        process.cut_off(&house, how);
        let token = process.token();
        assert_eq!(token.as_deref().ok(), Some("a2"), "{how:?}: {token:?}");
        assert_eq!(sent(&house.endpoint), ["r0", "r0"], "{how:?}");
    }
}

#[test]
fn rf06_an_exchange_cut_off_twice_is_not_sent_a_third_time() {
    for how in ALL {
        let house = House::new(lenient(), GRACE);
        let process = Process::start(&house);
        process.cut_off(&house, how);
        process.cut_off(&house, how);
        let error = process.token().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SignInAgain, "{how:?}");
        let expected = "the answer to the refresh was lost (the exchange was cut off), and the refresh token is \
                        not sent again because it has been sent twice; a person has to sign in again: run the \
                        sign-in";
        assert_eq!(error.to_string(), expected, "{how:?}");
        assert_eq!(house.endpoint.count(), 2, "{how:?}");
    }
}

#[test]
fn rf06_where_a_replay_revokes_a_cut_off_exchange_needs_a_person() {
    for how in ALL {
        let house = House::new(lenient(), ReplayRule::KillsFamily);
        let process = Process::start(&house);
        process.cut_off(&house, how);
        let error = process.token().unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (ErrorKind::SignInAgain, false), "{how:?}");
        let expected = "the answer to the refresh was lost (the exchange was cut off), and the refresh token is \
                        not sent again because example revokes it when it is used twice; a person has to sign \
                        in again: run the sign-in";
        assert_eq!(error.to_string(), expected, "{how:?}");
        assert_eq!(house.endpoint.count(), 1, "{how:?}");
    }
}

#[test]
fn rf06_an_exchange_cut_off_before_it_sent_anything_lost_nothing() {
    let house = House::new(lenient(), ReplayRule::KillsFamily);
    // A thread asks for the client's secret, and waits until the test lets it go on.
    let (asked, asking) = mpsc::channel();
    let (go, going) = mpsc::channel::<()>();
    let (asked, going) = (Mutex::new(asked), Mutex::new(going));
    let secret = SecretSource::from_fn(move || {
        asked.lock().unwrap().send(()).unwrap();
        going.lock().unwrap().recv().unwrap();
        Ok(Secret::new("client-secret"))
    });
    let grant = Grant::refresh_token(RefreshToken::new("r0"));
    let exchange = Exchange::builder(house.profile.clone(), Credential::new("client", secret), grant)
        .transport(house.endpoint.transport())
        .clock(Arc::new(house.clock.clone()))
        .store(Arc::new(house.store.clone()));
    let manager = house.manage(exchange).build();

    let first = runtime();
    let mut waiting = Box::pin(manager.token());
    {
        let _inside = first.enter();
        assert!(poll_once(&mut waiting).is_pending());
    }
    first.block_on(async {
        while asking.try_recv().is_err() {
            tokio::task::yield_now().await;
        }
    });
    assert!(matches!(first.block_on(house.entry()).state, State::Redeeming { .. }));
    first.shutdown_background();
    drop(waiting);
    assert_eq!(house.endpoint.count(), 0);

    house.advance(6);
    for _ in 0..2 {
        go.send(()).unwrap();
    }
    let token = runtime().block_on(token(&manager));
    assert_eq!(token.as_deref().ok(), Some("a1"), "{token:?}");
}

/// Returns the errors after a refresh that ended with `first`: of the process that sent it, and of another one.
async fn after(house: &House, first: ErrorKind) -> [Error; 2] {
    let manager = house.start();
    let count = house.endpoint.count();
    assert_eq!(token(&manager).await.unwrap_err().kind(), first);
    house.advance(61);
    let ours = token(&manager).await.unwrap_err();
    let theirs = token(&house.start()).await.unwrap_err();
    assert_eq!(house.endpoint.count(), count + 1, "it was sent again");
    [ours, theirs]
}

#[tokio::test]
async fn rf06_a_lost_answer_is_reported_with_how_it_was_lost() {
    let why = "and the refresh token is not sent again because example revokes it when it is used twice; a person \
               has to sign in again: run the sign-in";
    for (status, body, kind, how) in [
        (500, "<html>", ErrorKind::Refused, "HTTP 500"),
        (502, "", ErrorKind::Refused, "HTTP 502"),
        (504, "", ErrorKind::Refused, "HTTP 504"),
        (200, "<html>", ErrorKind::InvalidAnswer, "HTTP 200 without a usable token"),
        (200, r#"{"message":"maintenance"}"#, ErrorKind::InvalidAnswer, "HTTP 200 without a usable token"),
        (0, "", ErrorKind::Transport, "the connection broke"),
    ] {
        let endpoint = FakeTokenEndpoint::scripted(move |_, _| match status {
            0 => Err("reset".into()),
            status => Ok(json_response(status, body)),
        });
        let house = House::new(endpoint, ReplayRule::KillsFamily);
        let [ours, theirs] = after(&house, kind).await;
        assert_eq!((ours.kind(), theirs.kind()), (ErrorKind::SignInAgain, ErrorKind::SignInAgain));
        assert_eq!(ours.to_string(), format!("the answer to the refresh was lost ({how}), {why}"));
        assert_eq!(theirs.to_string(), format!("the answer to the refresh was lost, {why}"));
        // The first error is among the causes, with the server's text.
        let cause = ours.source().and_then(|cause| cause.downcast_ref::<Error>()).map(Error::kind);
        assert_eq!(cause, Some(kind), "{how}");
    }
}

#[tokio::test]
async fn rf06_a_late_answer_is_reported_as_late() {
    let house = House::new(lenient(), ReplayRule::KillsFamily);
    house.endpoint.hold();
    let manager = house.start();
    assert_eq!(token_in_time(&house, &manager).await.unwrap_err().kind(), ErrorKind::Timeout);
    house.advance(61);
    let error = token(&manager).await.unwrap_err().to_string();
    assert!(
        error.starts_with("the answer to the refresh was lost (it did not come in time), and"),
        "{error}"
    );
}

#[tokio::test]
async fn rf06_after_a_grace_period_the_error_says_that_it_is_over() {
    let house = House::new(FakeTokenEndpoint::scripted(|_, _| Ok(respond(502, ""))), GRACE);
    for error in after(&house, ErrorKind::Refused).await {
        assert_eq!(error.kind(), ErrorKind::SignInAgain);
        let error = error.to_string();
        let why = "because example accepts it a second time within 30s only; a person has to sign in again";
        assert!(error.contains(why), "{error}");
    }
}

#[tokio::test]
async fn rf06_a_token_is_called_revoked_only_if_a_server_said_so() {
    let house = House::new(strict(), ReplayRule::KillsFamily);
    house.write(Entry::new(RefreshToken::new("r9"))).await;
    let start = || house.manage(house.exchange_of(Grant::Stored)).build();
    for manager in [start(), start()] {
        let error = token(&manager).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SignInAgain);
        let error = error.to_string();
        assert!(
            error.contains("used up or revoked (invalid_grant); a person has to sign in again"),
            "{error}"
        );
    }
    assert_eq!(house.endpoint.count(), 1);
}

#[tokio::test]
async fn an_adopted_token_lives_no_longer_than_it_was_issued_for() {
    let house = House::new(lenient(), ReplayRule::Reusable);
    assert_eq!(token(&house.start()).await.unwrap(), "a1");
    house.clock.set_back(Duration::from_secs(3 * 3600));
    let other = house.start();
    assert_eq!(token(&other).await.unwrap(), "a1");
    house.advance(3599);
    assert_eq!(token(&other).await.unwrap(), "a1");
    settle().await;
    house.advance(1);
    assert_ne!(token(&other).await.unwrap(), "a1", "the server issued it for 3600 s");
}

#[tokio::test]
async fn a_record_without_a_time_of_issue_is_taken_over_until_its_end() {
    let house = House::new(lenient(), ReplayRule::Reusable);
    let mut entry = Entry::new(RefreshToken::new("r0"));
    entry.access_token = Some(AccessToken::new("stored").unwrap());
    entry.hard = Some(house.clock.now().wall() + Duration::from_secs(100));
    house.write(entry).await;
    let manager = house.start();
    assert_eq!(token(&manager).await.unwrap(), "stored");
    house.advance(100);
    assert_eq!(token(&manager).await.unwrap(), "a1");
}
