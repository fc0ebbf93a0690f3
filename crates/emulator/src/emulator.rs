//! The four providers, running.

use std::fmt;
use std::io;

use crate::builder::EmulatorBuilder;
use crate::provider::Provider;
use crate::server::Listener;
use crate::site::Site;

/// The four providers on loopback; dropping it ends them all, with the connections they have.
///
/// It needs a tokio runtime to run on, and ends with it at the latest.
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

/// A site and the sockets that keep it reachable.
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

    /// Options, to be started.
    pub fn builder() -> EmulatorBuilder {
        EmulatorBuilder::default()
    }

    /// Starts all four with random credentials and the clock of the machine.
    ///
    /// # Errors
    ///
    /// Fails when no port can be had.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Starts all four as [`start`](Self::start) does, but accepts requests however they are sent: token requests in
    /// chunks or without a `User-Agent`, and POST, PUT and PATCH without a length.
    ///
    /// The default refuses them, because strict servers do; see the table [at the top](crate).
    ///
    /// # Errors
    ///
    /// Fails when no port can be had.
    pub async fn lenient() -> io::Result<Self> {
        Self::builder().lenient().start().await
    }

    /// The site of one provider.
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

    /// All sites, in the order of [`Provider::ALL`].
    pub fn sites(&self) -> impl Iterator<Item = &Site> {
        self.sites.iter().map(|running| &running.site)
    }
}

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.sites()).finish()
    }
}
