//! Refresh tokens through crashes, stores in trouble, weeks of silence, and the day a person has to sign in again.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use auth_layer::{
    Clock, Credential, Entry, Error, ErrorKind, Exchange, ExchangeBuilder, Grant, Label, MemoryStore,
    Profile, Record, RefreshToken, ReplayRule, Scope, State, StoreError, StoreKey, TestClock, TokenManager,
    TokenManagerBuilder, TokenStore, Version,
};
use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use tokio::runtime::Handle;
use tower::{Layer, ServiceExt};

use crate::support::{
    FakeApi, FakeTokenEndpoint, Rig, Seen, example, get, json_response, logged, respond, settle, until,
};

/// A token endpoint that hands out `a<n>`, and rotates strictly: `r<n>` takes the place of the token before it, which is
/// dead from then on.
fn strict() -> FakeTokenEndpoint {
    let current = Mutex::new("r0".to_owned());
    FakeTokenEndpoint::scripted(move |n, seen| {
        let mut current = current.lock().unwrap();
        if seen.form("refresh_token").as_deref() != Some(&*current) {
            return Ok(invalid_grant());
        }
        *current = format!("r{n}");
        Ok(refreshed(n, &current))
    })
}

fn refreshed(n: usize, refresh_token: &str) -> Response<Full<Bytes>> {
    let body = serde_json::json!({
        "access_token": format!("a{n}"), "token_type": "Bearer", "expires_in": 3600, "refresh_token": refresh_token,
    });
    json_response(200, &body.to_string())
}

fn invalid_grant() -> Response<Full<Bytes>> {
    json_response(400, r#"{"error":"invalid_grant","error_description":"revoked"}"#)
}

fn sent(endpoint: &FakeTokenEndpoint) -> Vec<String> {
    endpoint.seen().iter().map(|seen: &Seen| seen.form("refresh_token").expect("a refresh")).collect()
}

/// A store that several holders share, and that can be out of reach, or slow.
#[derive(Clone, Debug)]
struct Shared {
    memory: MemoryStore,
    down: Arc<AtomicBool>,
    /// It writes, and says that it could not.
    unsure: Arc<AtomicBool>,
    /// How long a write takes.
    writing: Arc<Mutex<Duration>>,
    clock: TestClock,
}

impl Shared {
    fn new(clock: &TestClock) -> Self {
        let memory = MemoryStore::with_clock(Arc::new(clock.clone()));
        Self {
            memory,
            down: Arc::default(),
            unsure: Arc::default(),
            writing: Arc::default(),
            clock: clock.clone(),
        }
    }

    fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::Relaxed);
    }

    fn reached(&self) -> Result<(), StoreError> {
        match self.down.load(Ordering::Relaxed) {
            true => Err(StoreError::new("cannot reach the store", "connection refused")),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl TokenStore for Shared {
    async fn load(&self, key: &StoreKey) -> Result<Option<Record>, StoreError> {
        self.reached()?;
        self.memory.load(key).await
    }

    async fn compare_exchange(
        &self,
        key: &StoreKey,
        expected: Option<Version>,
        entry: Entry,
    ) -> Result<Option<Version>, StoreError> {
        self.reached()?;
        let writing = *self.writing.lock().unwrap();
        self.clock.advance(writing);
        let written = self.memory.compare_exchange(key, expected, entry).await;
        match self.unsure.load(Ordering::Relaxed) {
            true => Err(StoreError::new("cannot reach the store", "the connection broke")),
            false => written,
        }
    }

    async fn remove(&self, key: &StoreKey) -> Result<(), StoreError> {
        self.reached()?;
        self.memory.remove(key).await
    }

    async fn changed(&self, key: &StoreKey, seen: Version) -> Result<(), StoreError> {
        self.memory.changed(key, seen).await
    }
}

/// Several holders of one store, as processes are.
struct House {
    endpoint: FakeTokenEndpoint,
    clock: TestClock,
    profile: Profile,
    store: Shared,
    key: StoreKey,
}

impl House {
    fn new(endpoint: FakeTokenEndpoint, rule: ReplayRule) -> Self {
        let clock = TestClock::new();
        let (profile, store) = (example().with_replay_rule(rule), Shared::new(&clock));
        let mut house = Self { endpoint, clock, profile, store, key: StoreKey::of(["not known yet"]) };
        house.key = house.exchange().build().unwrap().store_key().expect("it has a record").clone();
        house
    }

    fn exchange(&self) -> ExchangeBuilder {
        self.exchange_of(Grant::refresh_token(RefreshToken::new("r0")))
    }

    fn exchange_of(&self, grant: Grant) -> ExchangeBuilder {
        Exchange::builder(self.profile.clone(), Credential::new("client", "client-secret"), grant)
            .transport(self.endpoint.transport())
            .clock(Arc::new(self.clock.clone()))
            .store(Arc::new(self.store.clone()))
            .timeout(Duration::from_secs(10))
            .remedy("run the sign-in")
    }

    /// A process that starts anew.
    fn start(&self) -> TokenManager {
        self.manage(self.exchange()).build()
    }

    fn manage(&self, exchange: ExchangeBuilder) -> TokenManagerBuilder {
        TokenManager::builder(exchange.build().unwrap()).clock(Arc::new(self.clock.clone()))
    }

    fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    async fn entry(&self) -> Entry {
        self.store.memory.load(&self.key).await.unwrap().expect("a record").entry
    }

    async fn write(&self, entry: Entry) {
        let known = self.store.memory.load(&self.key).await.unwrap().map(|record| record.version);
        assert!(self.store.memory.compare_exchange(&self.key, known, entry).await.unwrap().is_some());
    }

    /// What a process leaves behind that is killed while its refresh token is on its way.
    async fn leave_mark(&self) {
        let state = State::Redeeming { holder: "one that is gone".into(), lease: Duration::from_secs(10) };
        let mut entry = Entry::new(RefreshToken::new("r0"));
        (entry.state, entry.redeemed) = (state, Some(self.clock.now().wall()));
        self.write(entry).await;
    }
}

async fn token(manager: &TokenManager) -> Result<String, Error> {
    manager.token().await.map(|token| token.access_token().expose().to_owned())
}

/// The token of a manager that has to wait, while the clock goes on by itself.
async fn token_in_time(house: &House, manager: &TokenManager) -> Result<String, Error> {
    let manager = manager.clone();
    let call = tokio::spawn(async move { token(&manager).await });
    while !call.is_finished() {
        settle().await;
        house.advance(1);
    }
    call.await.unwrap()
}

#[tokio::test]
async fn b79_a_mark_left_by_a_crash_is_a_sign_in_that_is_needed_and_no_loop() {
    let house = House::new(strict(), ReplayRule::KillsFamily);
    house.leave_mark().await;
    let manager = house.start();
    for _ in 0..20 {
        let error = token_in_time(&house, &manager).await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (ErrorKind::SignInAgain, false));
        assert_eq!(error.remedy(), Some("run the sign-in"));
        assert!(error.to_string().ends_with("a person has to sign in again: run the sign-in"), "{error}");
        house.advance(60);
    }
    assert_eq!(house.endpoint.count(), 0, "the token may be used up, so it is not sent");
}

#[tokio::test]
async fn b79_within_a_grace_period_a_crash_needs_nobody() {
    let house = House::new(strict(), ReplayRule::Grace(Duration::from_secs(30)));
    house.leave_mark().await;
    // Two processes crash one after the other; each left the mark of the first sending.
    let first = house.entry().await.redeemed;
    house.endpoint.hold();
    for crashes in 1..=2 {
        let manager = house.start();
        let call = tokio::spawn({
            let manager = manager.clone();
            async move { token(&manager).await }
        });
        while house.endpoint.count() < crashes {
            settle().await;
            house.advance(1);
        }
        call.abort();
        assert_eq!(house.entry().await.redeemed, first, "a grace period counts from the first sending");
        // The process is killed: its task is never polled again, so its mark stays.
        std::mem::forget(manager);
        house.advance(7);
    }
    house.endpoint.open();
    let manager = house.start();
    assert!(token_in_time(&house, &manager).await.is_ok());
    assert_eq!(house.entry().await.state, State::Idle);
}

#[tokio::test]
async fn b79_after_the_grace_period_a_token_that_was_left_behind_is_not_sent() {
    let house = House::new(strict(), ReplayRule::Grace(Duration::from_secs(30)));
    house.leave_mark().await;
    house.advance(30);
    assert_eq!(token(&house.start()).await.unwrap_err().kind(), ErrorKind::SignInAgain);
    assert_eq!(house.endpoint.count(), 0);
}

#[tokio::test]
async fn rf06_a_mark_in_a_grace_period_is_given_up_in_time_for_another_try() {
    // The call may take 10 s, but the period is 8 s: the mark counts for 4 s, and the call for 2 s.
    let house = House::new(strict(), ReplayRule::Grace(Duration::from_secs(8)));
    house.endpoint.hold();
    let manager = house.start();
    let call = tokio::spawn(async move { token(&manager).await });
    until(|| house.endpoint.count() == 1).await;
    let State::Redeeming { lease, .. } = house.entry().await.state else { panic!("no mark") };
    assert_eq!(lease, Duration::from_secs(4));
    house.advance(2);
    until(|| call.is_finished()).await;
    assert_eq!(call.await.unwrap().unwrap_err().kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn rf06_a_replay_that_was_refused_leaves_the_mark_to_its_grace_period() {
    let endpoint = FakeTokenEndpoint::scripted(|_, _| Ok(respond(503, "")));
    let house = House::new(endpoint, ReplayRule::Grace(Duration::from_secs(30)));
    house.leave_mark().await;
    house.advance(10);
    let manager = house.start();
    assert_eq!(token(&manager).await.unwrap_err().kind(), ErrorKind::Refused);
    assert_eq!(house.endpoint.count(), 1);
    house.advance(5);
    assert_eq!(token(&manager).await.unwrap_err().kind(), ErrorKind::Refused);
    assert_eq!(house.endpoint.count(), 2, "a refusal has used nothing up");
    house.advance(20);
    assert_eq!(token(&manager).await.unwrap_err().kind(), ErrorKind::SignInAgain);
    assert_eq!(house.endpoint.count(), 2, "the period is over");
}

#[tokio::test]
async fn rf04_a_mark_that_took_most_of_its_lease_to_write_sends_nothing() {
    let house = House::new(strict(), ReplayRule::KillsFamily);
    house.write(Entry::new(RefreshToken::new("r0"))).await;
    *house.store.writing.lock().unwrap() = Duration::from_secs(10);
    let manager = house.start();
    let error = token(&manager).await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Store, true));
    assert_eq!((house.endpoint.count(), house.entry().await.state), (0, State::Idle));
    *house.store.writing.lock().unwrap() = Duration::from_secs(9);
    house.advance(60);
    assert_eq!(token(&manager).await.unwrap(), "a1");
}

#[tokio::test]
async fn b78_a_refresh_token_whose_caller_went_away_is_in_the_store_a_hundred_times_of_a_hundred() {
    let house = House::new(strict(), ReplayRule::KillsFamily);
    let manager = house.start();
    house.endpoint.hold();
    for round in 1..=100 {
        let call = tokio::spawn({
            let manager = manager.clone();
            async move { token(&manager).await }
        });
        until(|| house.endpoint.count() == round).await;
        // The server has the old token, and the caller goes.
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled());
        house.endpoint.release(1);
        while house.entry().await.state != State::Idle {
            tokio::task::yield_now().await;
        }
        assert_eq!(house.entry().await.refresh_token.expose(), format!("r{round}"));
        house.advance(3_601);
    }
}

#[tokio::test]
async fn b78_what_could_not_be_written_is_tried_again_though_nobody_calls() {
    let house = House::new(strict(), ReplayRule::KillsFamily);
    let manager = house.start();
    house.endpoint.hold();
    let call = tokio::spawn({
        let manager = manager.clone();
        async move { token(&manager).await }
    });
    until(|| house.endpoint.count() == 1).await;
    house.store.set_down(true);
    house.endpoint.open();
    until(|| call.is_finished()).await;
    assert_eq!(call.await.unwrap().unwrap(), "a1", "callers have their token");
    for seconds in [1, 2, 4, 8, 16, 32, 60] {
        settle().await;
        house.advance(seconds);
    }
    settle().await;
    assert_eq!(house.entry().await.refresh_token.expose(), "r0", "the store is still down");
    house.store.set_down(false);
    house.advance(60);
    settle().await;
    let entry = house.entry().await;
    assert_eq!((entry.refresh_token.expose(), entry.state), ("r1", State::Idle));
    settle().await;
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0, "the task has ended");
}

#[test]
fn b78_a_store_in_trouble_is_told_of_once_and_what_is_lost_at_the_end() {
    let log = logged(|| async {
        let house = House::new(strict(), ReplayRule::KillsFamily);
        let manager = house.start();
        house.endpoint.hold();
        let call = tokio::spawn({
            let manager = manager.clone();
            async move { token(&manager).await }
        });
        until(|| house.endpoint.count() == 1).await;
        house.store.set_down(true);
        house.endpoint.open();
        until(|| call.is_finished()).await;
        for _ in 0..5 {
            settle().await;
            house.advance(60);
        }
        drop((manager, call));
        settle().await;
        assert_eq!(Handle::current().metrics().num_alive_tasks(), 1, "it is not given up at once");
        house.advance(60);
        settle().await;
        assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
    });
    assert_eq!(log.matches("the token store failed").count(), 1, "{log}");
    assert_eq!(log.matches("could never be stored").count(), 1, "{log}");
    assert!(!log.contains("r1"), "{log}");
}

#[tokio::test]
async fn b78_an_answer_that_could_not_be_written_wins_over_the_end_that_it_caused() {
    let house = House::new(strict(), ReplayRule::Unknown);
    let (one, other) = (house.start(), house.start());
    house.endpoint.hold();
    let call = tokio::spawn({
        let one = one.clone();
        async move { token(&one).await }
    });
    until(|| house.endpoint.count() == 1).await;
    house.store.set_down(true);
    house.endpoint.open();
    until(|| call.is_finished()).await;
    assert_eq!(call.await.unwrap().unwrap(), "a1");
    // The other one finds the mark abandoned, sends the token again, and is told that it is dead.
    house.store.set_down(false);
    let mut entry = house.entry().await;
    assert!(matches!(entry.state, State::Redeeming { .. }));
    entry.state = State::Ended;
    house.write(entry).await;
    assert_eq!(token(&other).await.unwrap_err().kind(), ErrorKind::SignInAgain);
    // The first one knows better.
    house.advance(6);
    settle().await;
    assert_eq!(house.entry().await.refresh_token.expose(), "r1");
    assert_eq!(token(&other).await.unwrap(), "a1");
    assert_eq!(sent(&house.endpoint), ["r0"]);
}

#[tokio::test]
async fn b78_what_could_not_be_written_gives_way_to_a_new_sign_in() {
    let house = House::new(strict(), ReplayRule::KillsFamily);
    let manager = house.start();
    house.endpoint.hold();
    let call = tokio::spawn({
        let manager = manager.clone();
        async move { token(&manager).await }
    });
    until(|| house.endpoint.count() == 1).await;
    house.store.set_down(true);
    house.endpoint.open();
    until(|| call.is_finished()).await;
    house.write(Entry::new(RefreshToken::new("r-new"))).await;
    house.store.set_down(false);
    house.advance(1);
    settle().await;
    assert_eq!(house.entry().await.refresh_token.expose(), "r-new");
}

#[tokio::test]
async fn rf11_after_a_rejected_token_of_a_revoked_grant_calls_get_the_signal_and_no_more_401s() {
    let endpoint = FakeTokenEndpoint::scripted(|n, _| match n {
        1 => Ok(refreshed(1, "r1")),
        _ => Ok(invalid_grant()),
    });
    let house = House::new(endpoint, ReplayRule::KillsFamily);
    let told = Arc::new(Mutex::new(Vec::new()));
    let manager = house
        .manage(house.exchange())
        .on_sign_in_needed({
            let told = told.clone();
            move |error| told.lock().unwrap().push((error.kind(), error.remedy().map(str::to_owned)))
        })
        .build();
    let rig = Rig {
        clock: house.clock.clone(),
        endpoint: house.endpoint.clone(),
        profile: house.profile.clone(),
        manager: manager.clone(),
    };
    let api = FakeApi::scripted(|_, _| respond(401, "revoked"));
    let service = rig.layer().layer(api.clone());
    assert_eq!(service.clone().oneshot(get("/me")).await.unwrap().status(), 401);
    for _ in 0..20 {
        let error = service.clone().oneshot(get("/me")).await.unwrap_err();
        assert_eq!(Error::find(error.as_ref()).unwrap().kind(), ErrorKind::SignInAgain);
        house.advance(60);
    }
    assert_eq!((api.count(), house.endpoint.count()), (1, 2));
    assert_eq!(*told.lock().unwrap(), [(ErrorKind::SignInAgain, Some("run the sign-in".to_owned()))]);

    // A person signs in, and the grant ends again one day: that is news.
    house.endpoint.now(|n, _| Ok(refreshed(n, "r2")));
    house.write(Entry::new(RefreshToken::new("r-new"))).await;
    assert!(token(&manager).await.is_ok());
    house.endpoint.now(|_, _| Ok(invalid_grant()));
    house.advance(3_601);
    assert!(token(&manager).await.is_err());
    assert_eq!(told.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn rf11_a_listener_that_panics_takes_nobody_with_it() {
    let house = House::new(FakeTokenEndpoint::scripted(|_, _| Ok(invalid_grant())), ReplayRule::KillsFamily);
    let manager = house.manage(house.exchange()).on_sign_in_needed(|_| panic!("a listener")).build();
    assert_eq!(token(&manager).await.unwrap_err().kind(), ErrorKind::SignInAgain);
}

#[tokio::test]
async fn b84_trouble_is_never_told_as_a_sign_in_that_is_needed() {
    let endpoint = FakeTokenEndpoint::scripted(|n, _| match n % 3 {
        0 => Ok(respond(503, "")),
        1 => Err("connection reset".into()),
        _ => Ok(respond(429, "")),
    });
    let house = House::new(endpoint, ReplayRule::Reusable);
    let told = Arc::new(AtomicUsize::new(0));
    let manager = house
        .manage(house.exchange())
        .on_sign_in_needed({
            let told = told.clone();
            move |_| {
                told.fetch_add(1, Ordering::Relaxed);
            }
        })
        .build();
    for _ in 0..30 {
        let error = token(&manager).await.unwrap_err();
        assert!(error.is_transient() && error.remedy().is_none(), "{error}");
        house.advance(61);
    }
    assert_eq!((told.load(Ordering::Relaxed), house.entry().await.state), (0, State::Idle));
}

#[tokio::test]
async fn a_stored_grant_begins_with_the_sign_in_that_is_in_the_store() {
    let house = House::new(strict(), ReplayRule::KillsFamily);
    let exchange = house.exchange_of(Grant::Stored);
    let manager = house.manage(exchange).build();
    let error = token(&manager).await.unwrap_err();
    assert_eq!((error.kind(), house.endpoint.count()), (ErrorKind::SignInAgain, 0));
    assert!(error.to_string().contains("nobody has signed in yet"), "{error}");
    house.write(Entry::new(RefreshToken::new("r0"))).await;
    house.advance(6);
    assert_eq!(token(&manager).await.unwrap(), "a1");

    let without_store =
        Exchange::builder(example(), Credential::new("client", "secret"), Grant::Stored).build();
    assert!(without_store.unwrap_err().to_string().contains("needs the store"));
}

#[tokio::test]
async fn a_record_says_whose_it_is_and_since_when() {
    let endpoint = FakeTokenEndpoint::scripted(|n, _| match n {
        1 => Ok(json_response(
            200,
            r#"{"access_token":"a1","token_type":"Bearer","expires_in":3600,"refresh_token":"r1","scope":"x y","who":"m@example.com"}"#,
        )),
        n => Ok(refreshed(n, "r1")),
    });
    let mut house = House::new(endpoint, ReplayRule::Reusable);
    house.profile = house.profile.with_names(auth_layer::AnswerNames::new().with_account(&["who"]));
    let manager = house.start();
    let start = house.clock.now().wall();
    token(&manager).await.unwrap();
    house.advance(3_601);
    token(&manager).await.unwrap();
    let entry = house.entry().await;
    assert_eq!(entry.label, Some(Label::new("example", "client", "")));
    assert_eq!(entry.account.as_deref(), Some("m@example.com"));
    assert_eq!(entry.scope, Some("x y".parse::<Scope>().unwrap()), "not told again: as it was");
    assert_eq!(entry.obtained, Some(start), "the same refresh token came again");
    assert_eq!(entry.redeemed, Some(start + Duration::from_secs(3_601)));
    // Who takes it over knows the scope, too.
    let other = house.start();
    assert_eq!(other.token().await.unwrap().scope(), entry.scope.as_ref());
    assert_eq!(house.endpoint.count(), 2);
}

#[tokio::test]
async fn b87_a_token_is_kept_alive_though_nobody_calls_until_the_last_handle_goes() {
    let day = Duration::from_secs(86_400);
    let house = House::new(strict(), ReplayRule::KillsFamily);
    let manager = house.start();
    manager.keep_alive(day).unwrap();
    until(|| house.endpoint.count() == 1).await;
    for days in 2..=40 {
        until(|| house.clock.sleepers() > 0).await;
        house.clock.advance(day);
        until(|| house.endpoint.count() == days).await;
    }
    // A new interval takes the place of the old one.
    settle().await;
    manager.keep_alive(day * 2).unwrap();
    settle().await;
    house.clock.advance(day);
    settle().await;
    assert_eq!(house.endpoint.count(), 40);
    let other = manager.clone();
    drop(manager);
    settle().await;
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 1);
    drop(other);
    settle().await;
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
}

#[tokio::test]
async fn keeping_alive_tries_sooner_after_a_failure_and_rests_where_callers_renew() {
    let house = House::new(FakeTokenEndpoint::scripted(|_, _| Ok(respond(503, ""))), ReplayRule::Reusable);
    let manager = house.start();
    manager.keep_alive(Duration::from_secs(36_000)).unwrap();
    until(|| house.endpoint.count() == 1).await;
    until(|| house.clock.sleepers() > 0).await;
    house.advance(3_600);
    until(|| house.endpoint.count() == 2).await;
    house.endpoint.now(|n, _| Ok(refreshed(n, "r1")));
    settle().await;
    house.advance(1_800);
    settle().await;
    token(&manager).await.unwrap();
    assert_eq!(house.endpoint.count(), 3);
    house.advance(1_800);
    settle().await;
    assert_eq!(house.endpoint.count(), 3, "a caller has renewed it");
}

#[test]
fn keeping_alive_needs_a_runtime() {
    let house = House::new(strict(), ReplayRule::KillsFamily);
    let error = house.start().keep_alive(Duration::from_secs(60)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
}

/// Begins a renewal whose answer the store cannot take. The manager has its token.
async fn unsaved(house: &House) -> TokenManager {
    let manager = house.start();
    house.endpoint.hold();
    let call = tokio::spawn({
        let manager = manager.clone();
        async move { token(&manager).await }
    });
    until(|| house.endpoint.count() == 1).await;
    house.store.set_down(true);
    house.endpoint.open();
    until(|| call.is_finished()).await;
    assert_eq!(call.await.unwrap().unwrap(), "a1");
    manager
}

#[tokio::test]
async fn b78_what_could_not_be_written_outlasts_the_mark_of_another_holder() {
    let house = House::new(strict(), ReplayRule::Unknown);
    let _manager = unsaved(&house).await;
    house.leave_mark().await;
    let mut entry = house.entry().await;
    entry.sign_in = Entry::new(RefreshToken::new("r0")).sign_in;
    house.store.set_down(false);
    for _ in 0..3 {
        house.advance(2);
        settle().await;
    }
    assert!(matches!(house.entry().await.state, State::Redeeming { .. }), "the other one is let finish");
    // It hears that the token is dead, since it was used up here.
    entry.state = State::Ended;
    house.write(entry).await;
    house.advance(60);
    settle().await;
    assert_eq!(house.entry().await.refresh_token.expose(), "r1");
}

#[tokio::test]
async fn b78_a_program_that_ends_can_see_to_it_that_all_is_written() {
    let house = House::new(strict(), ReplayRule::KillsFamily);
    let manager = unsaved(&house).await;
    assert_eq!(manager.flush().await.unwrap_err().kind(), ErrorKind::Store);
    house.store.set_down(false);
    manager.flush().await.unwrap();
    assert_eq!(house.entry().await.refresh_token.expose(), "r1");
    manager.flush().await.unwrap();
}

#[tokio::test]
async fn rf06_a_mark_that_may_have_been_written_is_no_token_that_was_sent() {
    for rule in [ReplayRule::KillsFamily, ReplayRule::Grace(Duration::from_secs(30))] {
        let house = House::new(strict(), rule);
        house.write(Entry::new(RefreshToken::new("r0"))).await;
        let manager = house.start();
        for unsure in [true, true, false] {
            house.store.unsure.store(unsure, Ordering::Relaxed);
            match token(&manager).await {
                Ok(token) => assert_eq!((token.as_str(), unsure), ("a1", false)),
                Err(error) => assert_eq!((error.kind(), unsure), (ErrorKind::Store, true)),
            }
            house.advance(100);
        }
        assert_eq!(sent(&house.endpoint), ["r0"]);
    }
}

#[tokio::test]
async fn rf06_a_gateway_that_gave_up_is_a_lost_answer_and_a_plain_no_is_none() {
    for (status, lost) in
        [(408, true), (500, true), (502, true), (504, true), (403, false), (429, false), (503, false)]
    {
        let endpoint = FakeTokenEndpoint::scripted(move |n, _| match n {
            1 => Ok(respond(status, "<html>")),
            n => Ok(refreshed(n, "r1")),
        });
        let house = House::new(endpoint, ReplayRule::KillsFamily);
        let manager = house.start();
        assert_eq!(token(&manager).await.unwrap_err().kind(), ErrorKind::Refused);
        house.advance(61);
        let after = token(&manager).await;
        assert_eq!(after.is_err_and(|error| error.kind() == ErrorKind::SignInAgain), lost, "{status}");
    }
}

#[tokio::test]
async fn rf04_a_call_that_failed_takes_back_no_mark_that_is_no_longer_its_own() {
    for answer in [None, Some(400)] {
        let endpoint = FakeTokenEndpoint::scripted(move |_, _| match answer {
            None => Err("connection reset".into()),
            Some(_) => Ok(invalid_grant()),
        });
        let house = House::new(endpoint, ReplayRule::Reusable);
        house.endpoint.hold();
        let manager = house.start();
        let call = tokio::spawn(async move { token(&manager).await });
        until(|| house.endpoint.count() == 1).await;
        // Meanwhile another one took the mark for abandoned, and has an access token for the same refresh token.
        let mut entry = house.entry().await;
        entry.state = State::Idle;
        entry.access_token = Some(auth_layer::AccessToken::new("of-the-other").unwrap());
        entry.hard = Some(house.clock.now().wall() + Duration::from_secs(3_600));
        house.write(entry.clone()).await;
        house.endpoint.open();
        until(|| call.is_finished()).await;
        assert!(call.await.unwrap().is_err());
        assert_eq!(house.entry().await, entry);
    }
}

#[tokio::test]
async fn rs10_what_another_holder_got_is_taken_over_only_with_the_scope_that_is_required() {
    let house = House::new(strict(), ReplayRule::Reusable);
    let mut entry = Entry::new(RefreshToken::new("r0"));
    entry.access_token = Some(auth_layer::AccessToken::new("narrow").unwrap());
    entry.hard = Some(house.clock.now().wall() + Duration::from_secs(3_600));
    entry.scope = Some("a".parse().unwrap());
    house.write(entry).await;
    let wants = |scope: &str| {
        let exchange = house.exchange().require_scope(scope.parse().unwrap());
        house.manage(exchange).build()
    };
    assert_eq!(token(&wants("a")).await.unwrap(), "narrow");
    assert_eq!(house.endpoint.count(), 0);
    // A refresh that tells no scope grants what was granted before.
    assert_eq!(token(&wants("a b")).await.unwrap_err().kind(), ErrorKind::Scope);
    assert_eq!(house.endpoint.count(), 1);
    assert_eq!(
        house.entry().await.refresh_token.expose(),
        "r1",
        "the new refresh token is kept all the same"
    );
}

#[tokio::test]
async fn durations_without_end_or_without_length_harm_nobody() {
    for rule in [
        ReplayRule::KillsFamily,
        ReplayRule::Grace(Duration::MAX),
        ReplayRule::Grace(Duration::ZERO),
        ReplayRule::Reusable,
    ] {
        let house = House::new(strict(), rule);
        let exchange = house.exchange().timeout(Duration::MAX);
        assert_eq!(token(&house.manage(exchange).build()).await.unwrap(), "a1");
    }
    let house = House::new(strict(), ReplayRule::Grace(Duration::MAX));
    house.leave_mark().await;
    house.advance(10);
    let mut entry = house.entry().await;
    entry.redeemed = Some(Duration::MAX);
    house.write(entry).await;
    assert_eq!(token_in_time(&house, &house.start()).await.unwrap(), "a1");
    let manager = house.start();
    manager.keep_alive(Duration::ZERO).unwrap();
    for _ in 0..20 {
        settle().await;
        house.advance(1);
    }
    assert!(house.endpoint.count() <= 5, "{}", house.endpoint.count());
}
