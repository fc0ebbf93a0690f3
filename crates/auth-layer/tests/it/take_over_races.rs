//! Processes that take over the same record at the same time, or are killed meanwhile.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use auth_layer::store::{Entry, Record, State, StoreError, StoreKey, Version};
use auth_layer::{Clock, Grant, MemoryStore, ReplayRule, TokenManager, TokenStore};

use crate::house::{House, strict, token};
use crate::refresh::sent;
use crate::support::{settle, until};
use crate::take_over::{BEFORE, HERE, earlier, entry, house_with, read, stored, write};

/// The moment at which a process is killed: before or after a write.
#[derive(Clone, Copy, Debug)]
enum Killed {
    Before,
    After,
}

/// A store through which a process writes until it is killed, or slowly, so that others can write meanwhile.
#[derive(Clone, Debug)]
struct Process {
    memory: MemoryStore,
    writes: Arc<AtomicUsize>,
    killed: Option<(usize, Killed)>,
    pauses: Option<Arc<Mutex<fastrand::Rng>>>,
}

impl Process {
    fn of(house: &House) -> Self {
        Self { memory: house.store.memory.clone(), writes: Arc::default(), killed: None, pauses: None }
    }

    fn starts(self, house: &House) -> TokenManager {
        house.manage(house.exchange_of(Grant::Stored).store(Arc::new(self))).build()
    }

    async fn pause(&self) {
        let Some(pauses) = &self.pauses else { return };
        let turns = pauses.lock().unwrap().usize(..4);
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
    }

    async fn dies(&self, number: usize, when: fn(Killed) -> bool) {
        if self.killed.is_some_and(|(at, killed)| at == number && when(killed)) {
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait]
impl TokenStore for Process {
    async fn load(&self, key: &StoreKey) -> Result<Option<Record>, StoreError> {
        self.pause().await;
        self.memory.load(key).await
    }

    async fn compare_exchange(
        &self,
        key: &StoreKey,
        expected: Option<Version>,
        entry: Entry,
    ) -> Result<Option<Version>, StoreError> {
        self.pause().await;
        let number = self.writes.fetch_add(1, Ordering::Relaxed) + 1;
        self.dies(number, |killed| matches!(killed, Killed::Before)).await;
        let written = self.memory.compare_exchange(key, expected, entry).await;
        self.dies(number, |killed| matches!(killed, Killed::After)).await;
        written
    }

    async fn remove(&self, key: &StoreKey) -> Result<(), StoreError> {
        self.memory.remove(key).await
    }

    async fn changed(&self, key: &StoreKey, seen: Version) -> Result<(), StoreError> {
        self.memory.changed(key, seen).await
    }
}

#[tokio::test]
async fn rf04_a_kill_between_the_writes_of_a_take_over_loses_nothing() {
    // A take-over makes three writes. The fourth is the mark of the first renewal.
    for at in 1..=3 {
        for killed in [Killed::Before, Killed::After] {
            let house = house_with(ReplayRule::KillsFamily, BEFORE, entry("r0")).await;
            let first = Process { killed: Some((at, killed)), ..Process::of(&house) };
            let writes = first.writes.clone();
            let manager = first.starts(&house);
            let call = tokio::spawn({
                let manager = manager.clone();
                async move { token(&manager).await }
            });
            until(|| writes.load(Ordering::Relaxed) == at).await;
            settle().await;
            call.abort();
            std::mem::forget(manager);
            assert_eq!(house.endpoint.count(), 0);
            let second = Process::of(&house).starts(&house);
            assert_eq!(token(&second).await.unwrap(), "a1", "write {at}, {killed:?}");
            assert_eq!(sent(&house.endpoint), ["r0"]);
            assert!(read(&house, &earlier(BEFORE)).await.is_taken_over(), "write {at}, {killed:?}");
        }
    }
}

#[tokio::test]
async fn rf04_a_kill_while_an_end_is_replaced_loses_no_newer_sign_in() {
    for at in 1..=3 {
        for killed in [Killed::Before, Killed::After] {
            let house = House::new(strict(), ReplayRule::KillsFamily);
            let mut ended = entry("gone");
            ended.state = State::Ended;
            write(&house, &house.key, ended).await;
            let mut newer = entry("r0");
            newer.obtained = Some(house.clock.now().wall());
            write(&house, &earlier(HERE), newer).await;
            let first = Process { killed: Some((at, killed)), ..Process::of(&house) };
            let writes = first.writes.clone();
            let manager = first.starts(&house);
            let call = tokio::spawn({
                let manager = manager.clone();
                async move { token(&manager).await }
            });
            until(|| writes.load(Ordering::Relaxed) == at).await;
            settle().await;
            call.abort();
            std::mem::forget(manager);
            assert_eq!(
                token(&Process::of(&house).starts(&house)).await.unwrap(),
                "a1",
                "write {at}, {killed:?}"
            );
            assert_eq!(sent(&house.endpoint), ["r0"]);
        }
    }
}

#[tokio::test]
async fn rf04_processes_that_take_a_record_over_together_redeem_it_once() {
    for seed in 0..200 {
        let house = house_with(ReplayRule::KillsFamily, BEFORE, entry("r0")).await;
        let calls: Vec<_> = (0..3)
            .map(|process| {
                let pauses = Some(Arc::new(Mutex::new(fastrand::Rng::with_seed(seed * 3 + process))));
                let manager = Process { pauses, ..Process::of(&house) }.starts(&house);
                tokio::spawn(async move { token(&manager).await })
            })
            .collect();
        for call in calls {
            assert_eq!(call.await.unwrap().unwrap(), "a1", "seed {seed}");
        }
        assert_eq!(sent(&house.endpoint), ["r0"], "seed {seed}");
        assert_eq!(house.entry().await.refresh_token.expose(), "r1");
        assert!(read(&house, &earlier(BEFORE)).await.is_taken_over());
    }
}

#[tokio::test]
async fn sc06_a_record_is_found_under_any_of_its_keys_and_left_alone() {
    let house = house_with(ReplayRule::KillsFamily, BEFORE, entry("r0")).await;
    let built = house.exchange().build().unwrap();
    let key = built.store_key().unwrap();
    assert_eq!(key.earlier().cloned().collect::<Vec<_>>(), [earlier(HERE), earlier(BEFORE)]);
    let found = key.find(&house.store).await.unwrap().expect("a record").entry;
    assert_eq!((found.state, found.token_url), (State::Idle, Some(BEFORE.parse().unwrap())));
    assert_eq!(read(&house, &earlier(BEFORE)).await, entry("r0"));
    assert!(house.store.memory.load(key).await.unwrap().is_none());
    // A take-over that was cut off is read as if it were complete.
    let cut_off = Process { killed: Some((2, Killed::Before)), ..Process::of(&house) };
    let writes = cut_off.writes.clone();
    let manager = cut_off.starts(&house);
    let call = tokio::spawn(async move { token(&manager).await });
    until(|| writes.load(Ordering::Relaxed) == 2).await;
    assert_eq!(read(&house, &earlier(BEFORE)).await.state, State::Ended);
    let found = key.find(&house.store).await.unwrap().expect("a record").entry;
    assert_eq!((found.state, found.refresh_token.expose()), (State::Idle, "r0"));
    call.abort();
    // After the take-over the record is found only under the key of this version.
    token(&stored(&house)).await.unwrap();
    house.store.memory.remove(key).await.unwrap();
    assert!(key.find(&house.store).await.unwrap().is_none());
}
