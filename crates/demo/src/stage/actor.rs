//! `Actor`: one client with its provider, and what the acts do with them.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, ensure};
use auth_layer::{Generation, TokenManager};
use emulator::{Emulator, LoggedRequest, Provider, Site};

use super::account::{Account, Seen};
use super::tally::Tally;
use super::time::Time;
use super::wait::{PATIENCE, PAUSE, until};
use super::wave::Wave;
use crate::clients::{Client, Variables};

/// One typed client and the provider that it calls.
///
/// Each has an emulator of its own, for time is the emulator's: tokens live from 24 minutes to 24 hours, and each
/// client is to live through its own.
pub(crate) struct Actor {
    site: Site,
    time: Time,
    client: Client,
    tally: Tally,
    /// Others whose token requests reach the same provider.
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

    /// The provider that it calls.
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

    /// Starts that many calls at once.
    pub(crate) fn start(&self, calls: u64) -> Wave {
        Wave::start(&self.client, &self.tally, calls)
    }

    /// Somebody else with these variables, who asks for a token at the same provider.
    pub(crate) fn stranger(&self, variables: &Variables) -> anyhow::Result<TokenManager> {
        let manager = Client::new(self.provider(), variables, &self.time)?.manager()?.clone();
        self.strangers.lock().unwrap_or_else(PoisonError::into_inner).push(manager.clone());
        Ok(manager)
    }
}

/// What has happened so far.
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

    /// What reached the provider after this many requests had.
    pub(crate) fn requests_after(&self, sequence: u64) -> impl Iterator<Item = LoggedRequest> {
        self.site.requests().into_iter().filter(move |request| request.sequence > sequence)
    }

    /// Which issue of the token is the current one.
    pub(crate) async fn generation(&self) -> anyhow::Result<Generation> {
        Ok(self.client.manager()?.token().await?.generation())
    }
}

/// Time, and what it brings.
impl Actor {
    /// Moves on to where the token is surely due for renewal, and good for a while yet.
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

    /// Waits until the token is a newer one than this.
    pub(crate) async fn renewed(&self, old: Generation) -> anyhow::Result<()> {
        let newer = async {
            while self.generation().await? <= old {
                tokio::time::sleep(PAUSE).await;
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(PATIENCE, newer).await.context("waited in vain for the renewal")?
    }
}

/// A token is renewed from 4 minutes before its end at the latest; Octotable's, from 230 seconds.
const STALE: Duration = Duration::from_secs(200);
