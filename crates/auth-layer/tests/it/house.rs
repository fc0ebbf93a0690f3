//! Several holders of one store, which stand for processes, and the failures between them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use auth_layer::manager::TokenManagerBuilder;
use auth_layer::source::ExchangeBuilder;
use auth_layer::store::{Entry, Record, State, StoreError, StoreKey, Version};
use auth_layer::{
    Clock, Credential, Error, Exchange, Grant, MemoryStore, Profile, RefreshToken, ReplayRule, TestClock,
    TokenManager, TokenStore,
};

use crate::refresh::{invalid_grant, refreshed};
use crate::support::{FakeTokenEndpoint, example, settle, until};

/// Returns a token endpoint that issues `a<n>` and rotates strictly: `r<n>` replaces the token before it, which is dead
/// from then on.
pub(crate) fn strict() -> FakeTokenEndpoint {
    let current = Mutex::new("r0".to_owned());
    FakeTokenEndpoint::scripted(move |n, seen| {
        let mut current = current.lock().unwrap();
        if seen.form("refresh_token").as_deref() != Some(&*current) {
            return Ok(invalid_grant());
        }
        *current = format!("r{n}");
        Ok(refreshed(n, Some(&current)))
    })
}

/// A store that several holders share. It can be unreachable or slow.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub(crate) memory: MemoryStore,
    pub(crate) down: Arc<AtomicBool>,
    /// If set, the store writes, and then reports a failure.
    pub(crate) unsure: Arc<AtomicBool>,
    /// The time that a write takes.
    pub(crate) writing: Arc<Mutex<Duration>>,
    pub(crate) clock: TestClock,
}

impl Shared {
    pub(crate) fn new(clock: &TestClock) -> Self {
        let memory = MemoryStore::with_clock(Arc::new(clock.clone()));
        Self {
            memory,
            down: Arc::default(),
            unsure: Arc::default(),
            writing: Arc::default(),
            clock: clock.clone(),
        }
    }

    pub(crate) fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::Relaxed);
    }

    pub(crate) fn reached(&self) -> Result<(), StoreError> {
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

/// Several holders of one store, which stand for processes.
pub(crate) struct House {
    pub(crate) endpoint: FakeTokenEndpoint,
    pub(crate) clock: TestClock,
    pub(crate) profile: Profile,
    pub(crate) store: Shared,
    pub(crate) key: StoreKey,
}

impl House {
    pub(crate) fn new(endpoint: FakeTokenEndpoint, rule: ReplayRule) -> Self {
        let clock = TestClock::new();
        let (profile, store) = (example().with_replay_rule(rule), Shared::new(&clock));
        let mut house = Self { endpoint, clock, profile, store, key: StoreKey::of(["not known yet"]) };
        house.key = house.exchange().build().unwrap().store_key().expect("it has a record").clone();
        house
    }

    pub(crate) fn exchange(&self) -> ExchangeBuilder {
        self.exchange_of(Grant::refresh_token(RefreshToken::new("r0")))
    }

    pub(crate) fn exchange_of(&self, grant: Grant) -> ExchangeBuilder {
        Exchange::builder(self.profile.clone(), Credential::new("client", "client-secret"), grant)
            .transport(self.endpoint.transport())
            .clock(Arc::new(self.clock.clone()))
            .store(Arc::new(self.store.clone()))
            .timeout(Duration::from_secs(10))
            .remedy("run the sign-in")
    }

    /// Starts a process.
    pub(crate) fn start(&self) -> TokenManager {
        self.manage(self.exchange()).build()
    }

    pub(crate) fn manage(&self, exchange: ExchangeBuilder) -> TokenManagerBuilder {
        TokenManager::builder(exchange.build().unwrap()).clock(Arc::new(self.clock.clone()))
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) async fn entry(&self) -> Entry {
        self.store.memory.load(&self.key).await.unwrap().expect("a record").entry
    }

    pub(crate) async fn write(&self, entry: Entry) {
        let known = self.store.memory.load(&self.key).await.unwrap().map(|record| record.version);
        assert!(self.store.memory.compare_exchange(&self.key, known, entry).await.unwrap().is_some());
    }

    /// Leaves the mark of a process that was killed while its refresh token was being sent.
    pub(crate) async fn leave_mark(&self) {
        let state = State::Redeeming { holder: "one that is gone".into(), lease: Duration::from_secs(10) };
        let mut entry = Entry::new(RefreshToken::new("r0"));
        (entry.state, entry.redeemed) = (state, Some(self.clock.now().wall()));
        self.write(entry).await;
    }
}

pub(crate) async fn token(manager: &TokenManager) -> Result<String, Error> {
    manager.token().await.map(|token| token.access_token().expose().to_owned())
}

/// Returns the token of a manager that has to wait. The clock moves meanwhile.
pub(crate) async fn token_in_time(house: &House, manager: &TokenManager) -> Result<String, Error> {
    let manager = manager.clone();
    let call = tokio::spawn(async move { token(&manager).await });
    while !call.is_finished() {
        settle().await;
        house.advance(1);
    }
    call.await.unwrap()
}

/// Starts a renewal whose answer the store cannot write. The manager has its token.
pub(crate) async fn unsaved(house: &House) -> TokenManager {
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
