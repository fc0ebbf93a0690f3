//! The running emulator.

use std::fmt;

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
