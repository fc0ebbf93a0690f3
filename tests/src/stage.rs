//! An emulator and a client's clock that move together.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use auth_layer::{Clock, Profile, StackLayer, TestClock};
use client_core::Builder;
use emulator::{Emulator, ManualClock, Site};

use crate::{Fixture, canary, log};

/// The four providers on loopback, and the clock of both sides.
#[derive(Debug)]
pub struct Stage {
    emulator: Emulator,
    hands: ManualClock,
    clock: TestClock,
}

impl Stage {
    /// Starts the emulator, with the same secrets at each start.
    ///
    /// # Panics
    ///
    /// Panics if it cannot listen on loopback.
    pub async fn start() -> Self {
        log::subscribe();
        let clock = TestClock::new();
        let hands = ManualClock::new(SystemTime::UNIX_EPOCH + clock.now().wall());
        let emulator = Emulator::builder().clock(&hands).seed(SEED).start().await;
        let emulator = emulator.expect("loopback has free ports");
        canary::note(&emulator);
        // The front servers of some providers refuse calls without a `User-Agent`.
        emulator.sites().for_each(|site| site.demand_user_agent(true));
        Self { emulator, hands, clock }
    }

    /// Returns the site that a fixture's client calls.
    pub fn site<F: Fixture>(&self) -> Site {
        self.emulator.site(F::PROVIDER).clone()
    }

    /// Moves the clock of the provider and of the client.
    pub fn advance(&self, by: Duration) {
        self.hands.advance(by);
        self.clock.advance(by);
    }

    /// Returns the client's clock.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.clock.clone())
    }

    /// Returns a client's builder on this stage: credentials and URLs from the site's variables, time from the stage.
    ///
    /// # Panics
    ///
    /// Panics if a variable is missing.
    pub fn builder<F: Fixture>(&self) -> Builder<F::Client> {
        let site = self.site::<F>();
        let builder = Builder::new().variables(|name| variable(&site, name));
        builder.expect("the site names every variable").clock(self.clock())
    }

    /// Returns a client on this stage that sends each request [`once`].
    ///
    /// # Panics
    ///
    /// Panics if it cannot be built.
    pub fn client<F: Fixture>(&self) -> F::Client {
        self.builder::<F>().stack(once).build().expect("the site's own values are good")
    }
}

/// Checks that no request was refused for how it was sent. A second attempt could hide such a refusal.
impl Drop for Stage {
    fn drop(&mut self) {
        // A second panic would hide the message of the first.
        if !std::thread::panicking() {
            let badly_sent: u64 = self.emulator.sites().map(|site| site.counters().badly_sent()).sum();
            assert_eq!(badly_sent, 0, "a request without its length, its User-Agent or in chunks");
        }
    }
}

/// Sends each request once, without a timeout. For journeys about the token alone, whose clock does not move while a
/// socket waits.
pub fn once(stack: StackLayer) -> StackLayer {
    stack.without_retry().without_timeout()
}

/// Returns whether a variable holds a credential: one that a client requires, or a refresh token, which a client needs
/// unless a person has signed in.
pub fn is_credential<F: Fixture>(name: &str) -> bool {
    F::CREDENTIALS.contains(&name) || name.ends_with("_REFRESH_TOKEN")
}

/// Returns the value of an environment variable of the site.
pub fn variable(site: &Site, name: &str) -> Option<String> {
    site.environment().into_iter().find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// Returns a profile strictly by RFC 6749, without this provider's quirks.
///
/// # Panics
///
/// Panics if the site's token URL is not valid.
pub fn plain(site: &Site) -> Profile {
    Profile::new("plain", &site.token_url()).expect("a site's token URL is on loopback")
}

const SEED: u64 = 20_261_122;
