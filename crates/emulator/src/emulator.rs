//! The running emulator.

use std::fmt;
use std::io;

use crate::builder::EmulatorBuilder;
use crate::provider::Provider;
use crate::server::Listener;
use crate::site::Site;

/// The four providers on loopback. Dropping it stops them all and closes their connections.
///
/// It runs on the tokio runtime that started it, and stops when that runtime is dropped.
///
/// # Examples
///
/// ```
/// # #[tokio::main] async fn main() -> std::io::Result<()> {
/// use emulator::{Emulator, Provider};
///
/// let emulator = Emulator::builder().start().await?;
/// for site in emulator.sites() {
///     println!("{}: {}", site.provider(), site.token_url());
/// }
/// assert_eq!(emulator.site(Provider::GbgGo).provider(), Provider::GbgGo);
/// # Ok(()) }
/// ```
pub struct Emulator {
    sites: [Running; 4],
}

/// A site and its sockets.
#[derive(Debug)]
pub(crate) struct Running {
    site: Site,
    _listeners: [Listener; 2],
}

impl Running {
    pub(crate) fn new(site: Site, listeners: [Listener; 2]) -> Self {
        Self { site, _listeners: listeners }
    }
}

impl Emulator {
    pub(crate) fn new(sites: [Running; 4]) -> Self {
        Self { sites }
    }

    /// Returns the default options. Nothing runs before [`start`](EmulatorBuilder::start).
    pub fn builder() -> EmulatorBuilder {
        EmulatorBuilder::default()
    }

    /// Starts all four providers with random credentials and the system clock.
    ///
    /// # Errors
    ///
    /// Fails if no port is free.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Starts all four providers as [`start`](Self::start) does, but accepts requests however they are sent: chunked
    /// token requests, token requests without a `User-Agent`, and POST, PUT and PATCH without a length.
    ///
    /// By default the emulator refuses them, because strict servers do. See the table [at the top](crate).
    ///
    /// # Errors
    ///
    /// Fails if no port is free.
    pub async fn lenient() -> io::Result<Self> {
        Self::builder().lenient().start().await
    }

    /// Returns the site of one provider.
    #[must_use]
    pub fn site(&self, provider: Provider) -> &Site {
        let [gotab, goto, gbg_go, octotable] = &self.sites;
        let running = match provider {
            Provider::GoTab => gotab,
            Provider::GoTo => goto,
            Provider::GbgGo => gbg_go,
            Provider::Octotable => octotable,
        };
        &running.site
    }

    /// Returns all sites, in the order of [`Provider::ALL`].
    pub fn sites(&self) -> impl Iterator<Item = &Site> {
        self.sites.iter().map(|running| &running.site)
    }
}

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.sites()).finish()
    }
}
