//! `kill -9` at a random moment of a process that renews a rotating refresh token every few milliseconds.
//!
//! Every run of the tests tries a few crashes. `cargo xtask crash` tries hundreds, and prints the results.

use std::io::{self, BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use auth_layer::source::TokenRequest;
use auth_layer::store::{Entry, State, StoreKey};
use auth_layer::{
    Credential, ErrorKind, Exchange, FileStore, Grant, RefreshToken, ReplayRule, TokenSource, TokenStore,
};
use emulator::{Emulator, Provider, RefreshTokenMode, Site};

/// The settings of the renewing process: the store's folder, the token endpoint, the id, the secret, and the grace
/// period in seconds, or 0.
const SETTINGS: &str = "CRASH_SETTINGS";

/// The number of crashes for each case.
const ROUNDS: &str = "CRASH_ROUNDS";

const FEW_ROUNDS: usize = 4;

/// A lease is twice this long, and after a crash the test waits for it.
const TIMEOUT: Duration = Duration::from_millis(300);

const GRACE: Duration = Duration::from_secs(30);

fn exchange(folder: &Path, token_url: &str, id: &str, secret: &str, grace: Duration) -> Exchange {
    let rule = if grace.is_zero() { ReplayRule::KillsFamily } else { ReplayRule::Grace(grace) };
    let profile = journeys::profile("goto").with_token_url(token_url).unwrap().with_replay_rule(rule);
    Exchange::builder(profile, Credential::new(id, secret), Grant::Stored)
        .store(Arc::new(FileStore::new(folder)))
        .timeout(TIMEOUT)
        .build()
        .unwrap()
}

/// The process that is killed. If it runs as a test without its settings, it does nothing.
#[tokio::test]
async fn renewing_process() {
    let Ok(settings) = std::env::var(SETTINGS) else { return };
    let settings: Vec<String> = serde_json::from_str(&settings).unwrap();
    let [folder, token_url, id, secret, grace] = settings.try_into().unwrap();
    let grace = Duration::from_secs(grace.parse().unwrap());
    let exchange = exchange(Path::new(&folder), &token_url, &id, &secret, grace);
    loop {
        let said = match exchange.token(&TokenRequest::new()).await {
            Ok(_) => "saved".to_owned(),
            Err(error) => format!("failed {:?}", error.kind()),
        };
        // The parent has ended, so this process ends as well.
        if writeln!(io::stdout(), "said: {said}").is_err() {
            return;
        }
    }
}

/// The renewing process as its parent sees it.
struct Process {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    saved: u64,
    failed: Vec<String>,
}

impl Process {
    fn start(settings: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::renewing_process", "--nocapture", "--test-threads=1"])
            .env(SETTINGS, settings)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines, saved: 0, failed: Vec::new() }
    }

    /// Reads the next line. Returns whether there was one.
    fn listen(&mut self) -> bool {
        let Some(Ok(line)) = self.lines.next() else { return false };
        // The test harness prints the name of the test in front of the first line.
        match line.rsplit_once("said: ") {
            Some((_, "saved")) => self.saved += 1,
            // The disk was busy. Nothing was sent, and the next try succeeds.
            Some((_, "failed Store")) => {}
            Some((_, failed)) => self.failed.push(failed.to_owned()),
            None => {}
        }
        true
    }

    fn kill(mut self) -> Self {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        while self.listen() {}
        self
    }
}

/// The results of the crashes.
#[derive(Debug, Default)]
struct Tally {
    rounds: usize,
    renewals: u64,
    /// No request was in progress.
    between: usize,
    /// The mark was written, but the request was not sent.
    unsent: usize,
    /// The server had answered, but the answer was not stored.
    answer_lost: usize,
    person_needed: usize,
}

struct Scene {
    site: Site,
    store: FileStore,
    key: StoreKey,
    exchange: Exchange,
    settings: String,
}

impl Scene {
    fn new(site: Site, folder: &Path, grace: Duration) -> Self {
        let (token_url, credentials) = (site.token_url(), site.credentials());
        let exchange = exchange(folder, &token_url, credentials.id(), credentials.secret(), grace);
        let settings = [
            folder.to_str().unwrap(),
            &token_url,
            credentials.id(),
            credentials.secret(),
            &grace.as_secs().to_string(),
        ];
        let settings = serde_json::to_string(&settings).unwrap();
        let key = exchange.store_key().unwrap().clone();
        Self { site, store: FileStore::new(folder), key, exchange, settings }
    }

    /// Signs a person in.
    async fn sign_in(&self) {
        let entry = Entry::new(RefreshToken::new(self.site.sign_in().unwrap()));
        let known = self.store.load(&self.key).await.unwrap().map(|record| record.version);
        assert!(self.store.compare_exchange(&self.key, known, entry).await.unwrap().is_some());
    }

    /// Lets a process renew until a random moment, and kills it. Returns what it left in the store.
    async fn crash(&self, chance: &mut fastrand::Rng, tally: &mut Tally) -> State {
        let before = self.site.counters().refreshes;
        let settings = self.settings.clone();
        let (renewals, spins) = (chance.u64(1..=5), chance.u32(0..400_000));
        // This runtime serves the answers of the process, so it must not block.
        let process = tokio::task::spawn_blocking(move || {
            let mut process = Process::start(&settings);
            while process.saved < renewals && process.failed.is_empty() && process.listen() {}
            for _ in 0..spins {
                std::hint::spin_loop();
            }
            process.kill()
        });
        let process = process.await.unwrap();
        assert_eq!(process.failed, [""; 0], "nothing but the crash goes wrong");
        let entry = self.store.load(&self.key).await.unwrap().expect("a record").entry;
        let current = self.site.refresh_token().expect("a token that is good");
        let answered = self.site.counters().refreshes - before;
        tally.rounds += 1;
        tally.renewals += answered;
        if entry.state == State::Idle {
            assert_eq!(entry.refresh_token.expose(), current, "what was answered is stored");
            tally.between += 1;
        } else if entry.refresh_token.expose() == current {
            tally.unsent += 1;
        } else {
            assert_eq!(answered, process.saved + 1, "one answer was lost, and none before it");
            tally.answer_lost += 1;
        }
        entry.state
    }
}

async fn rounds(grace: Duration, mode: RefreshTokenMode) -> Tally {
    let rounds = std::env::var(ROUNDS).map_or(FEW_ROUNDS, |rounds| rounds.parse().unwrap());
    let emulator = Emulator::builder().seed(7).start().await.unwrap();
    let site = emulator.site(Provider::GoTo);
    site.set_refresh_token_mode(mode);
    // A token of 20 s is too short-lived to be taken over, so each start renews.
    site.set_token_lifetime(Some(Duration::from_secs(20)));
    let folder = tempfile::tempdir().unwrap();
    let scene = Scene::new(site.clone(), &folder.path().join("store"), grace);
    let (mut chance, mut tally) = (fastrand::Rng::with_seed(11), Tally::default());
    scene.sign_in().await;
    for round in 1..=rounds {
        if round % 50 == 0 {
            let _ = writeln!(io::stdout(), "crash {round} of {rounds}");
        }
        let left = scene.crash(&mut chance, &mut tally).await;
        if left == State::Idle || !grace.is_zero() {
            continue;
        }
        // The answer is lost, and sending the refresh token again would revoke the whole family.
        let requests = site.counters().token_requests;
        let error = scene.exchange.token(&TokenRequest::new()).await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (ErrorKind::SignInAgain, false));
        assert_eq!(site.counters().token_requests, requests, "it is not sent again");
        tally.person_needed += 1;
        scene.sign_in().await;
    }
    // At the end there is a token, and no renewal was refused.
    scene.exchange.token(&TokenRequest::new()).await.unwrap();
    assert_eq!(site.counters().token_refused(), 0);
    tally
}

fn report(case: &str, tally: &Tally) {
    let _ = writeln!(io::stdout(), "{case}: {tally:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b79_where_a_replay_revokes_only_a_lost_answer_needs_a_person() {
    let tally = rounds(Duration::ZERO, RefreshTokenMode::RotateStrict).await;
    report("strict", &tally);
    assert_eq!(tally.person_needed, tally.unsent + tally.answer_lost);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b79_where_there_is_a_grace_period_no_crash_needs_a_person() {
    let tally = rounds(GRACE, RefreshTokenMode::RotateWithGrace(GRACE)).await;
    report("grace", &tally);
    assert_eq!(tally.person_needed, 0);
}
