//! A manager for models, its source that counts the calls, and its clock that the model moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use auth_layer::source::{IssuedToken, TokenRequest};
use auth_layer::{AccessToken, Clock, Error, TestClock, TokenManager, TokenSource};

/// Decides what a source does at its nth call, counted from 1.
pub type Script = fn(usize) -> Act;

/// One answer of a source.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// A new token.
    Issue,
    /// A transient failure.
    Fail,
    /// A panic.
    Panic,
}

/// A manager, its clock, and the counts of its source.
#[derive(Debug)]
pub struct Rig {
    /// The manager.
    pub manager: TokenManager,
    /// Its clock, which moves only by [`advance`](Self::advance).
    pub clock: TestClock,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    asked: AtomicUsize,
    running: AtomicUsize,
    most_running: AtomicUsize,
}

impl Rig {
    /// Returns a manager whose tokens live for an hour. They are stale in the last five minutes. `pause` is called
    /// while the source runs, so that other threads may run then.
    pub fn new(script: Script, pause: fn()) -> Self {
        let (clock, counts) = (TestClock::new(), Arc::new(Counts::default()));
        let source = Source { script, pause, clock: clock.clone(), counts: counts.clone() };
        let manager = TokenManager::builder(source).clock(Arc::new(clock.clone())).jitter_seed(1).build();
        Self { manager, clock, counts }
    }

    /// Returns how often the source was asked.
    pub fn asked(&self) -> usize {
        self.counts.asked.load(Ordering::SeqCst)
    }

    /// Returns the highest number of calls of the source that ran at the same time.
    pub fn most_running(&self) -> usize {
        self.counts.most_running.load(Ordering::SeqCst)
    }

    /// Moves the clock forward.
    pub fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Returns a second handle to the same manager, clock and counts.
    pub fn handle(&self) -> Self {
        Self { manager: self.manager.clone(), clock: self.clock.clone(), counts: self.counts.clone() }
    }
}

#[derive(Debug)]
struct Source {
    script: Script,
    pause: fn(),
    clock: TestClock,
    counts: Arc<Counts>,
}

#[async_trait]
impl TokenSource for Source {
    async fn token(&self, _: &TokenRequest) -> Result<IssuedToken, Error> {
        let number = self.counts.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let _running = Running(&self.counts);
        let running = self.counts.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.counts.most_running.fetch_max(running, Ordering::SeqCst);
        (self.pause)();
        match (self.script)(number) {
            Act::Issue => {
                let token = AccessToken::new(&format!("token-{number}"))?;
                Ok(IssuedToken::new(token, self.clock.now(), LIFE))
            }
            Act::Fail => Err(Error::from_source("down", true)),
            // This does not run the panic hook, which an engine would take for a failure of the model.
            Act::Panic => std::panic::resume_unwind(Box::new("the source panics")),
        }
    }
}

/// Counts a call of the source until it ends or is dropped.
struct Running<'a>(&'a Counts);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The lifetime of tokens.
pub const LIFE: Duration = Duration::from_secs(3_600);

/// The age in seconds at which every token is stale and none has expired, whatever the jitter.
pub const STALE: u64 = 3_400;
