//! A source that knows how often it was asked, and a clock that stands still.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use auth_layer::{
    AccessToken, Clock, Error, IssuedToken, TestClock, TokenManager, TokenRequest, TokenSource,
};

/// What a source does when it is asked for the nth time, from 1.
pub type Script = fn(usize) -> Act;

/// What a source does when it is asked.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// Hands out a new token.
    Issue,
    /// Fails.
    Fail,
    /// Panics.
    Panic,
}

/// A manager, its clock, and what its source saw. `pause` is a place where other threads may come between.
#[derive(Debug)]
pub struct Rig {
    /// The manager.
    pub manager: TokenManager,
    /// Its clock, which stands still until it is moved.
    pub clock: TestClock,
    seen: Arc<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    asked: AtomicUsize,
    in_the_air: AtomicUsize,
    most: AtomicUsize,
}

impl Rig {
    /// A manager of tokens that live for an hour, the last five minutes of it as stale ones.
    pub fn new(script: Script, pause: fn()) -> Self {
        let (clock, seen) = (TestClock::new(), Arc::new(Seen::default()));
        let source = Source { script, pause, clock: clock.clone(), seen: seen.clone() };
        let manager = TokenManager::builder(source).clock(Arc::new(clock.clone())).jitter_seed(1).build();
        Self { manager, clock, seen }
    }

    /// How often the source was asked.
    pub fn asked(&self) -> usize {
        self.seen.asked.load(Ordering::SeqCst)
    }

    /// How often it was asked at once, at the most.
    pub fn most(&self) -> usize {
        self.seen.most.load(Ordering::SeqCst)
    }

    /// Lets so much time pass.
    pub fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// A second handle to all of it.
    pub fn again(&self) -> Self {
        Self { manager: self.manager.clone(), clock: self.clock.clone(), seen: self.seen.clone() }
    }
}

#[derive(Debug)]
struct Source {
    script: Script,
    pause: fn(),
    clock: TestClock,
    seen: Arc<Seen>,
}

#[async_trait]
impl TokenSource for Source {
    async fn token(&self, _: &TokenRequest) -> Result<IssuedToken, Error> {
        let number = self.seen.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let _landing = Landing(&self.seen);
        self.seen.most.fetch_max(self.seen.in_the_air.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        (self.pause)();
        match (self.script)(number) {
            Act::Issue => {
                let token = AccessToken::new(&format!("token-{number}"))?;
                Ok(IssuedToken::new(token, self.clock.now(), LIFE))
            }
            Act::Fail => Err(Error::from_source("down", true)),
            // What is thrown so is not told to a panic hook, which an engine takes for its own failure.
            Act::Panic => std::panic::resume_unwind(Box::new("the source panics")),
        }
    }
}

/// The end of an exchange, whether it came to it or was dropped.
struct Landing<'a>(&'a Seen);

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        self.0.in_the_air.fetch_sub(1, Ordering::SeqCst);
    }
}

/// How long tokens live.
pub const LIFE: Duration = Duration::from_secs(3_600);

/// From the first second at which every token is stale, and none dead.
pub const STALE: u64 = 3_400;
