//! `Actor`: a client with its provider, and the actions of the acts.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, ensure};
use auth_layer::TokenManager;
use auth_layer::token::Generation;
use emulator::{Emulator, LoggedRequest, Provider, Site};

use super::account::{Account, Seen};
use super::tally::Tally;
use super::time::Time;
use super::wait::{PATIENCE, PAUSE, until};
use super::wave::Wave;
use crate::clients::{Client, Variables};

/// One typed client and the provider that it calls.
///
/// Each actor has its own emulator, because an emulator has one clock. Tokens live from 24 minutes to 24 hours, and
/// each act moves the clock by its own token's lifetime.
pub(crate) struct Actor {
    site: Site,
    time: Time,
    client: Client,
    tally: Tally,
    /// Other clients that send token requests to the same provider.
    strangers: Mutex<Vec<TokenManager>>,
    _emulator: Emulator,
}

impl Actor {
    pub(crate) async fn new(provider: Provider) -> anyhow::Result<Self> {
        let time = Time::new();
        let emulator = Emulator::builder().clock(time.provider()).start().await;
        let emulator = emulator.context("the emulator could not be started")?;
        let site = emulator.site(provider).clone();
        let client = Client::new(provider, &site.environment(), &time)?;
        let (tally, strangers) = (Tally::default(), Mutex::default());
        Ok(Self { site, time, client, tally, strangers, _emulator: emulator })
    }

    pub(crate) fn provider(&self) -> Provider {
        self.site.provider()
    }

    /// Returns the provider that it calls.
    pub(crate) const fn site(&self) -> &Site {
        &self.site
    }

    pub(crate) const fn time(&self) -> &Time {
        &self.time
    }

    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Starts this many calls at once.
    pub(crate) fn start(&self, calls: u64) -> Wave {
        Wave::start(&self.client, &self.tally, calls)
    }

    /// Makes another client with these variables, which requests its token at the same provider.
    pub(crate) fn stranger(&self, variables: &Variables) -> anyhow::Result<TokenManager> {
        let manager = Client::new(self.provider(), variables, &self.time)?.manager()?.clone();
        self.strangers.lock().unwrap_or_else(PoisonError::into_inner).push(manager.clone());
        Ok(manager)
    }
}

/// The accounts.
impl Actor {
    pub(crate) fn account(&self) -> Account {
        let mut account =
            Account { calls: self.tally.calls(), lost: self.tally.lost(), ..Account::default() };
        let strangers = self.strangers.lock().unwrap_or_else(PoisonError::into_inner);
        for manager in strangers.iter().chain(self.client.manager().ok()) {
            let stats = manager.stats();
            account.token_requests += stats.exchanges;
            account.failures += stats.failures;
            account.rejections += stats.rejections;
            account.resends += stats.resends;
        }
        account
    }

    pub(crate) fn seen(&self) -> Seen {
        Seen::from(&self.site.counters())
    }

    /// Returns the requests that reached the provider after its first `sequence` requests.
    pub(crate) fn requests_after(&self, sequence: u64) -> impl Iterator<Item = LoggedRequest> {
        self.site.requests().into_iter().filter(move |request| request.sequence > sequence)
    }

    /// Returns the generation of the current token.
    pub(crate) async fn generation(&self) -> anyhow::Result<Generation> {
        Ok(self.client.manager()?.token().await?.generation())
    }
}

/// The clock, and events to wait for.
impl Actor {
    /// Moves the clock to a time at which the token is due for renewal but valid for a while longer.
    pub(crate) async fn turn_stale(&self) -> anyhow::Result<()> {
        let token = self.client.manager()?.token().await?;
        let left = token.expires().saturating_sub(self.time.now());
        ensure!(left > STALE, "the token has only {left:?} left");
        self.time.advance(left - STALE);
        Ok(())
    }

    /// Waits until this many calls have reached the provider.
    pub(crate) async fn calls_arrived(&self, calls: u64) -> anyhow::Result<()> {
        until("calls to reach the provider", || self.seen().calls >= calls).await
    }

    /// Waits until this many token requests have reached the provider.
    pub(crate) async fn token_requests_arrived(&self, requests: u64) -> anyhow::Result<()> {
        until("a token request", || self.seen().token_requests >= requests).await
    }

    /// Waits until this many token requests have failed.
    pub(crate) async fn failed(&self, failures: u64) -> anyhow::Result<()> {
        until("a token request to fail", || self.account().failures >= failures).await
    }

    /// Waits until the token is newer than `old`.
    pub(crate) async fn renewed(&self, old: Generation) -> anyhow::Result<()> {
        let newer = async {
            while self.generation().await? <= old {
                tokio::time::sleep(PAUSE).await;
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(PATIENCE, newer).await.context("gave up waiting for the renewal")?
    }
}

/// A token is due for renewal 4 minutes before its end or earlier. Octotable's is due 230 seconds before its end.
const STALE: Duration = Duration::from_secs(200);
