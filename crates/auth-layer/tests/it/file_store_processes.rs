//! Processes that share a store, and the effect of killing one of them.
//!
//! A process is this binary again, started with the name of a test called `child_...` and its settings. Without
//! settings, these tests return at once.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use auth_layer::clock::{Now, Sleep, SystemClock};
use auth_layer::source::ExchangeBuilder;
use auth_layer::store::{Entry, State, StoreErrorKind, StoreKey, Version};
use auth_layer::{
    AccessToken, Clock, Credential, Exchange, FileStore, Grant, Profile, RefreshToken, ReplayRule, TestClock,
    TokenManager, TokenStore,
};

use crate::file_store::quick_folder;
use crate::loopback::{Loopback, Reply, answer};
use crate::support::{FakeTokenEndpoint, example, settle, token_answer, until};

/// Another process, with which the test exchanges lines. It is killed when it is dropped.
struct Process {
    child: Child,
    told: ChildStdin,
    says: BufReader<ChildStdout>,
}

impl Process {
    /// Runs a test of this module in a process, with a folder and other settings.
    fn start(test: &str, folder: &Path, with: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([&format!("{}::{test}", module_path!().split_once("::").unwrap().1), "--exact"])
            .args(["--nocapture", "--test-threads=1"])
            .env(FOLDER, folder)
            .env(WITH, with)
            // Otherwise it would overwrite the files of this process.
            .env_remove("CANARY")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (told, says) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, told, says: BufReader::new(says) }
    }

    /// Waits for the next line for this process.
    fn says(&mut self) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(self.says.read_line(&mut line).unwrap(), 0, "the process has gone");
            // The test harness writes to the same output, and may have begun a line.
            if let Some((_, said)) = line.split_once(SAYS) {
                return said.trim_end().to_owned();
            }
        }
    }

    fn tell(&mut self, line: &str) {
        writeln!(self.told, "{line}").unwrap();
    }

    /// Kills the process, so that it cannot clean up.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until the process ends, and checks that it succeeded.
    fn ends(mut self) {
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the settings of this process, if it is a child.
fn child() -> Option<(PathBuf, String)> {
    Some((std::env::var_os(FOLDER)?.into(), std::env::var(WITH).ok()?))
}

/// Writes a line to the parent process.
fn say(line: &str) {
    let mut out = io::stdout().lock();
    writeln!(out, "{SAYS}{line}").unwrap();
    out.flush().unwrap();
}

/// Waits for a line from the parent process.
fn listen() -> String {
    let mut line = String::new();
    assert_ne!(io::stdin().read_line(&mut line).unwrap(), 0, "the parent has gone");
    line.trim_end().to_owned()
}

const FOLDER: &str = "STORE_TEST_FOLDER";
const WITH: &str = "STORE_TEST_WITH";
const SAYS: &str = "child says: ";

fn key() -> StoreKey {
    StoreKey::of(["an identity"])
}

fn entry(token: &str) -> Entry {
    Entry::new(RefreshToken::new(token))
}

// --- Many processes write and read the same record. ---

/// Returns the tokens of write `n`, of a length that differs each time.
fn numbered(n: u64) -> Entry {
    let mut entry = entry(&format!("{n}:{}", "r".repeat(usize::try_from(n % 97).unwrap() * 10)));
    entry.access_token = Some(AccessToken::new(&format!("{n}:{}", "a".repeat(500))).unwrap());
    entry
}

fn number(entry: &Entry) -> u64 {
    entry.refresh_token.expose().split(':').next().unwrap().parse().unwrap()
}

/// Increments the number in the record `times` times.
async fn count_up(store: &FileStore, times: u64) {
    for _ in 0..times {
        loop {
            let now = store.load(&key()).await.unwrap().unwrap();
            let next = numbered(number(&now.entry) + 1);
            if store.compare_exchange(&key(), Some(now.version), next).await.unwrap().is_some() {
                break;
            }
        }
    }
}

/// Reads until the number is `last`, and returns how often it read. Each record is whole, and never older than the one
/// before.
async fn read_until(store: &FileStore, last: u64) -> u64 {
    let (mut reads, mut seen) = (0, None);
    loop {
        let record = store.load(&key()).await.expect("never half a record").expect("never none");
        let n = number(&record.entry);
        assert_eq!(record.entry, numbered(n));
        assert!(seen <= Some((record.version, n)), "{seen:?}");
        seen = Some((record.version, n));
        reads += 1;
        if n >= last {
            return reads;
        }
    }
}

#[tokio::test]
async fn child_counts_up() {
    let Some((folder, times)) = child() else { return };
    say("ready");
    listen();
    count_up(&FileStore::new(folder), times.parse().unwrap()).await;
}

#[tokio::test]
async fn child_reads() {
    let Some((folder, last)) = child() else { return };
    say("ready");
    listen();
    let reads = read_until(&FileStore::new(folder), last.parse().unwrap()).await;
    say(&reads.to_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b83_ten_thousand_writes_are_read_in_another_process_and_none_half() {
    const WRITES: u64 = 10_000;
    let folder = quick_folder();
    let store = FileStore::new(folder.path().join("tokens"));
    let mut version = store.compare_exchange(&key(), None, numbered(0)).await.unwrap();
    let mut reader = Process::start("child_reads", store.folder(), &WRITES.to_string());
    assert_eq!(reader.says(), "ready");
    reader.tell("go");
    let here = store.clone();
    let reading = tokio::spawn(async move { read_until(&here, WRITES).await });
    for n in 1..=WRITES {
        version = store.compare_exchange(&key(), version, numbered(n)).await.unwrap();
        assert!(version.is_some(), "nobody else writes");
    }
    let reads = [reading.await.unwrap(), reader.says().parse().unwrap()];
    assert!(reads.iter().all(|reads| *reads > 100), "{reads:?}");
    reader.ends();
}

#[tokio::test]
async fn sc03_no_write_is_lost_among_processes_that_all_write() {
    const EACH: u64 = 100;
    let folder = quick_folder();
    let store = FileStore::new(folder.path().join("tokens"));
    let first = store.compare_exchange(&key(), None, numbered(0)).await.unwrap().unwrap();
    let mut writers = [(); 3].map(|()| Process::start("child_counts_up", store.folder(), &EACH.to_string()));
    for process in &mut writers {
        assert_eq!(process.says(), "ready");
    }
    writers.iter_mut().for_each(|process| process.tell("go"));
    count_up(&store, EACH).await;
    writers.into_iter().for_each(Process::ends);
    let last = store.load(&key()).await.unwrap().unwrap();
    assert_eq!(number(&last.entry), 4 * EACH);
    assert_eq!(last.version.number(), first.number() + 4 * EACH);
}

// --- A process is killed. ---

#[tokio::test]
async fn child_holds_the_lock() {
    let Some((folder, _)) = child() else { return };
    let lock = FileStore::new(folder).file(&key()).with_extension("lock");
    let lock = File::options().read(true).write(true).open(lock).unwrap();
    fs4::FileExt::lock(&lock).unwrap();
    say("holding");
    listen();
}

#[tokio::test]
async fn b82_a_lock_is_free_when_its_holder_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::new(folder.path().join("tokens"));
    let version = store.compare_exchange(&key(), None, entry("r0")).await.unwrap().unwrap();
    let lock = store.file(&key()).with_extension("lock");
    let inode = fs::metadata(&lock).unwrap().ino();

    let mut holder = Process::start("child_holds_the_lock", store.folder(), "");
    assert_eq!(holder.says(), "holding");
    let here = store.clone();
    let mut writing =
        tokio::spawn(async move { here.compare_exchange(&key(), Some(version), entry("r1")).await });
    settle().await;
    // Reading needs no lock, and shows that nothing was written meanwhile.
    assert_eq!(store.load(&key()).await.unwrap().unwrap().version, version);
    assert!(!writing.is_finished());
    holder.kill();
    assert!((&mut writing).await.unwrap().unwrap().is_some());
    // The lock's file is still the same, so every waiter waits for the same lock.
    assert_eq!(fs::metadata(&lock).unwrap().ino(), inode);
}

/// Returns a clock that starts at the same time in all processes of a test.
fn standing() -> TestClock {
    TestClock::new()
}

#[tokio::test]
async fn child_leaves_a_mark() {
    let Some((folder, version)) = child() else { return };
    let store = FileStore::with_clock(folder, Arc::new(standing()));
    let version = Version::new(version.parse().unwrap());
    let key = only_key(&store).await;
    let mut marked = store.load(&key).await.unwrap().unwrap().entry;
    marked.state = State::Redeeming { holder: "the one that is killed".to_owned(), lease: LEASE };
    let version = store.compare_exchange(&key, Some(version), marked).await.unwrap().unwrap();
    say(&version.number().to_string());
    listen();
}

/// Returns the key of the only record.
async fn only_key(store: &FileStore) -> StoreKey {
    store.list().await.unwrap().remove(0).0
}

const LEASE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn b82_the_mark_of_a_killed_process_is_honoured_for_its_lease() {
    let folder = tempfile::tempdir().unwrap();
    let clock = standing();
    let store = FileStore::with_clock(folder.path().join("tokens"), Arc::new(clock.clone()));
    let endpoint = FakeTokenEndpoint::scripted(|_, seen| {
        assert_eq!(seen.form("refresh_token").as_deref(), Some("r0"));
        Ok(token_answer("a1", 3_600))
    });
    let profile = example().with_replay_rule(ReplayRule::Reusable);
    let exchange = stored(profile, &store).transport(endpoint.transport()).clock(Arc::new(clock.clone()));
    let exchange = exchange.build().unwrap();
    let key = exchange.store_key().unwrap().clone();
    let version = store.compare_exchange(&key, None, entry("r0")).await.unwrap().unwrap();
    let manager = TokenManager::builder(exchange).clock(Arc::new(clock.clone())).build();

    let mut holder = Process::start("child_leaves_a_mark", store.folder(), &version.number().to_string());
    let marked = Version::new(holder.says().parse().unwrap());
    holder.kill();

    let call = tokio::spawn({
        let manager = manager.clone();
        async move { manager.token().await }
    });
    // The process waits until the record changes or the lease ends.
    for _ in 0..9 {
        until(|| clock.sleepers() >= 2).await;
        clock.advance(Duration::from_secs(1));
        settle().await;
        assert_eq!(endpoint.count(), 0, "the lease has not ended");
        assert!(!call.is_finished());
    }
    clock.advance(Duration::from_millis(1_001));
    assert_eq!(call.await.unwrap().unwrap().access_token().expose(), "a1");
    assert_eq!(endpoint.count(), 1);
    // If the process had lived, it could not write any more.
    assert_eq!(store.compare_exchange(&key, Some(marked), entry("stale")).await.unwrap(), None);
}

// --- Processes whose token expires at one moment. ---

/// The system's clocks, with a jump that a test makes. Sleeps take real time.
#[derive(Debug, Default)]
struct Leaping(AtomicU64);

impl Leaping {
    fn leap(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for Leaping {
    fn now(&self) -> Now {
        SystemClock::new().now() + Duration::from_secs(self.0.load(Ordering::Relaxed))
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        SystemClock::new().sleep(duration)
    }
}

fn stored(profile: Profile, store: &FileStore) -> ExchangeBuilder {
    Exchange::builder(profile, Credential::new("client", "client-secret"), Grant::Stored)
        .store(Arc::new(store.clone()))
}

fn at(token_url: &str) -> Profile {
    Profile::new("example", token_url).unwrap().with_replay_rule(ReplayRule::KillsFamily)
}

#[tokio::test]
async fn child_refreshes() {
    let Some((folder, token_url)) = child() else { return };
    let clock = Arc::new(Leaping::default());
    let store = FileStore::with_clock(folder, clock.clone());
    let exchange = stored(at(&token_url), &store).clock(clock.clone()).build().unwrap();
    let manager = TokenManager::builder(exchange).clock(clock.clone()).build();
    say("ready");
    while listen() == "go" {
        let token = manager.token().await;
        say(&token
            .map_or_else(|error| format!("{error:?}"), |token| token.access_token().expose().to_owned()));
        clock.leap(3_601);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b81_eight_processes_whose_token_expires_together_make_one_exchange() {
    const PROCESSES: usize = 8;
    // The server accepts each refresh token once, in order, and keeps every other one that it receives.
    let (good, replayed) = (Arc::new(Mutex::new(0)), Arc::<Mutex<Vec<String>>>::default());
    let endpoint = Loopback::start({
        let (good, replayed) = (good.clone(), replayed.clone());
        move |_, seen| {
            let sent = seen.form("refresh_token").unwrap();
            let mut good = good.lock().unwrap();
            if sent != format!("r{good}") {
                replayed.lock().unwrap().push(sent);
                return Reply::Whole(answer(400, r#"{"error":"invalid_grant"}"#));
            }
            *good += 1;
            let body = serde_json::json!({
                "access_token": format!("a{good}"), "token_type": "Bearer", "expires_in": 3600,
                "refresh_token": format!("r{good}"),
            });
            Reply::Whole(answer(200, &body.to_string()))
        }
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::new(folder.path().join("tokens"));
    let token_url = endpoint.url("/token");
    let exchange = stored(at(&token_url), &store).build().unwrap();
    let key = exchange.store_key().unwrap();
    store.compare_exchange(key, None, entry("r0")).await.unwrap().unwrap();

    let mut processes: Vec<Process> =
        (0..PROCESSES).map(|_| Process::start("child_refreshes", store.folder(), &token_url)).collect();
    for process in &mut processes {
        assert_eq!(process.says(), "ready");
    }
    // In the first round there is no token. In later rounds the token that all processes have expires.
    for round in 1..=4 {
        processes.iter_mut().for_each(|process| process.tell("go"));
        let tokens: Vec<String> = processes.iter_mut().map(Process::says).collect();
        assert_eq!(tokens, vec![format!("a{round}"); PROCESSES]);
        assert_eq!(endpoint.count(), round, "one exchange for all");
    }
    assert_eq!(*replayed.lock().unwrap(), [""; 0]);
    for mut process in processes {
        process.tell("that is all");
        process.ends();
    }
    let entry = store.load(key).await.unwrap().unwrap().entry;
    assert_eq!((entry.refresh_token.expose(), entry.state), ("r4", State::Idle));
}

#[tokio::test]
async fn a_lock_whose_holder_is_stopped_is_an_error_in_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::new(folder.path().join("tokens"));
    let version = store.compare_exchange(&key(), None, entry("r0")).await.unwrap().unwrap();
    let mut holder = Process::start("child_holds_the_lock", store.folder(), "");
    assert_eq!(holder.says(), "holding");
    let store = FileStore::builder(store.folder()).patience(Duration::from_millis(20)).build();
    let error = store.compare_exchange(&key(), Some(version), entry("r1")).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unreachable);
    holder.tell("enough");
    holder.ends();
}
