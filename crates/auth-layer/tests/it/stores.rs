//! The promises of every store: the same tests for memory, files, and files with sealed tokens.

use std::sync::Arc;
use std::time::Duration;

use auth_layer::store::{Entry, Label, State, StoreKey, Version};
use auth_layer::{AccessToken, FileStore, MemoryStore, RefreshToken, SealingKey, TestClock, TokenStore};
use tempfile::TempDir;

use crate::support::{poll_once, settle};

/// A store, its clock, and the folder that must outlive it.
struct Kept {
    store: Arc<dyn TokenStore>,
    clock: TestClock,
    _folder: Option<TempDir>,
}

/// Returns one store of each kind.
fn stores() -> [Kept; 3] {
    let clock = TestClock::new();
    let memory = MemoryStore::with_clock(Arc::new(clock.clone()));
    let in_memory = Kept { store: Arc::new(memory), clock, _folder: None };
    let in_files = |key: Option<SealingKey>| {
        let (clock, folder) = (TestClock::new(), tempfile::tempdir().unwrap());
        let mut builder = FileStore::builder(folder.path().join("tokens")).clock(Arc::new(clock.clone()));
        if let Some(key) = key {
            builder = builder.sealing_key(key);
        }
        Kept { store: Arc::new(builder.build()), clock, _folder: Some(folder) }
    };
    [in_memory, in_files(None), in_files(Some(SealingKey::generate().unwrap()))]
}

fn key() -> StoreKey {
    StoreKey::of(["an identity"])
}

fn entry(token: &str) -> Entry {
    Entry::new(RefreshToken::new(token))
}

fn marked(token: &str, lease: u64) -> Entry {
    let state = State::Redeeming { holder: "me".to_owned(), lease: Duration::from_secs(lease) };
    let mut entry = entry(token);
    entry.state = state;
    entry
}

impl Kept {
    async fn write(&self, expected: Option<Version>, entry: Entry) -> Option<Version> {
        self.store.compare_exchange(&key(), expected, entry).await.unwrap()
    }

    async fn token(&self) -> String {
        let record = self.store.load(&key()).await.unwrap().expect("a record");
        record.entry.refresh_token.expose().to_owned()
    }

    async fn lease(&self) -> Duration {
        match self.store.load(&key()).await.unwrap().expect("a record").entry.state {
            State::Redeeming { lease, .. } => lease,
            state => panic!("no mark but {state:?}"),
        }
    }
}

#[tokio::test]
async fn every_store_replaces_only_the_expected_version() {
    for kept in stores() {
        assert!(kept.store.load(&key()).await.unwrap().is_none());
        assert_eq!(kept.write(Some(Version::new(1)), entry("x")).await, None);
        let first = kept.write(None, entry("r0")).await.expect("there is none");
        assert_eq!(kept.write(None, entry("x")).await, None);
        let second = kept.write(Some(first), entry("r1")).await.expect("nobody else wrote");
        assert!(second > first);
        assert_eq!(kept.write(Some(first), entry("x")).await, None);
        assert_eq!(kept.token().await, "r1");
        assert_eq!(kept.store.load(&key()).await.unwrap().unwrap().version, second);
        assert!(kept.store.load(&StoreKey::of(["another"])).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn every_store_gives_back_all_of_an_entry() {
    let mut full = entry("r\"\\\u{1f511}\n=");
    full.access_token = Some(AccessToken::new("a\"\\~").unwrap());
    full.hard = Some(Duration::new(1_767_229_200, 123_456_789));
    full.last_error = Some("invalid_grant".to_owned());
    full.scope = Some("read write".parse().unwrap());
    full.account = Some("zoë@example.com".to_owned());
    full.obtained = Some(Duration::from_secs(1_767_225_600));
    full.redeemed = Some(Duration::MAX);
    full.label = Some(Label::new("example", "my-client", "default \u{0}\u{7f}"));
    full.token_url = Some("https://auth.example.com/token?tenant=1".parse().unwrap());
    full.sign_in = StoreKey::of(["where it all began"]);
    for kept in stores() {
        let mut last = None;
        for state in [State::Idle, State::Ended, marked("r", 60).state] {
            let mut entry = full.clone();
            entry.state = state;
            last = kept.write(last, entry.clone()).await;
            assert_eq!(kept.store.load(&key()).await.unwrap().unwrap().entry, entry);
        }
    }
}

#[tokio::test]
async fn every_store_gives_a_new_record_a_new_version() {
    for kept in stores() {
        let mut seen = Vec::new();
        for round in 0..3 {
            seen.extend(kept.write(None, entry("r0")).await);
            seen.extend(kept.write(seen.last().copied(), entry("r1")).await);
            assert_eq!(seen.len(), 2 * (round + 1));
            kept.store.remove(&key()).await.unwrap();
            assert!(kept.store.load(&key()).await.unwrap().is_none());
            kept.store.remove(&key()).await.unwrap();
            for stale in &seen {
                assert_eq!(kept.write(Some(*stale), entry("x")).await, None);
            }
        }
        assert!(seen.is_sorted_by(|one, other| one < other), "{seen:?}");
    }
}

#[tokio::test]
async fn every_store_judges_a_lease_by_its_clock() {
    for kept in stores() {
        kept.write(None, marked("r0", 60)).await;
        assert_eq!(kept.lease().await, Duration::from_secs(60));
        kept.clock.advance(Duration::from_secs(20));
        assert_eq!(kept.lease().await, Duration::from_secs(40));
        kept.clock.advance(Duration::from_secs(41));
        assert_eq!(kept.lease().await, Duration::ZERO);
    }
}

#[tokio::test]
async fn every_store_bounds_a_lease_when_the_wall_clock_is_set_back() {
    for kept in stores() {
        let first = kept.write(None, marked("r0", 60)).await;
        assert_eq!(kept.lease().await, Duration::from_secs(60));
        kept.clock.set_back(Duration::from_secs(3_600));
        assert_eq!(kept.lease().await, Duration::from_secs(60));
        kept.clock.advance(Duration::from_secs(45));
        assert_eq!(kept.lease().await, Duration::from_secs(15));
        // A new mark has a new lease.
        kept.write(first, marked("r0", 30)).await;
        assert_eq!(kept.lease().await, Duration::from_secs(30));
        kept.clock.advance(Duration::from_secs(31));
        assert_eq!(kept.lease().await, Duration::ZERO);
    }
}

#[tokio::test]
async fn every_store_takes_a_lease_of_any_length() {
    for kept in stores() {
        let mut endless = entry("r0");
        endless.state = State::Redeeming { holder: String::new(), lease: Duration::MAX };
        kept.write(None, endless).await;
        assert!(kept.lease().await > Duration::from_secs(86_400));
    }
}

#[tokio::test]
async fn every_store_wakes_the_waiters_for_a_change() {
    for kept in stores() {
        let first = kept.write(None, entry("r0")).await.unwrap();
        let wait = |seen: Version| {
            let store = kept.store.clone();
            tokio::spawn(async move { store.changed(&key(), seen).await })
        };
        let waiting = wait(first);
        settle().await;
        assert!(!waiting.is_finished());
        let second = kept.write(Some(first), entry("r1")).await.unwrap();
        // The clock did not move, so the write has woken the waiter.
        waiting.await.unwrap().unwrap();
        wait(first).await.unwrap().unwrap();
        let waiting = wait(second);
        settle().await;
        kept.store.remove(&key()).await.unwrap();
        waiting.await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_store_lets_one_of_many_writers_win() {
    for kept in stores() {
        let mut last = kept.write(None, entry("r")).await;
        for round in 0..5 {
            let writers: Vec<_> = (0..8)
                .map(|writer| {
                    let (store, token) = (kept.store.clone(), format!("r{round}-{writer}"));
                    tokio::spawn(async move {
                        let won = store.compare_exchange(&key(), last, entry(&token)).await.unwrap();
                        won.map(|version| (version, token))
                    })
                })
                .collect();
            let mut winners = Vec::new();
            for writer in writers {
                winners.extend(writer.await.unwrap());
            }
            assert_eq!(winners.len(), 1, "{winners:?}");
            assert_eq!(kept.token().await, winners[0].1);
            last = Some(winners[0].0);
        }
    }
}

#[tokio::test]
async fn every_store_leaves_a_record_whole_when_a_write_is_dropped() {
    for kept in stores() {
        let first = kept.write(None, entry("r0")).await.unwrap();
        for polls in 0..3 {
            let key = key();
            let mut write = kept.store.compare_exchange(&key, Some(first), entry("r1"));
            for _ in 0..polls {
                if poll_once(&mut write).is_ready() {
                    break;
                }
                settle().await;
            }
            drop(write);
        }
        // The record is either the old or the new one, and the next writer continues from there.
        let record = kept.store.load(&key()).await.unwrap().unwrap();
        assert!(["r0", "r1"].contains(&record.entry.refresh_token.expose()));
        loop {
            let record = kept.store.load(&key()).await.unwrap().unwrap();
            if kept.write(Some(record.version), entry("r2")).await.is_some() {
                break;
            }
        }
        assert_eq!(kept.token().await, "r2");
    }
}
