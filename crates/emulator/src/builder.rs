//! The start of an emulator, and its options.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};

use crate::clock::Clock;
use crate::credentials::Credentials;
use crate::document::{Document, embedded};
use crate::emulator::{Emulator, Running};
use crate::endpoint::Endpoint;
use crate::provider::Provider;
use crate::random::Random;
use crate::server::Listener;
use crate::site::{Site, router};
use crate::state::{Books, Gates, Origins, SiteState};

/// The options of an [`Emulator`]. Made by [`Emulator::builder`].
///
/// # Examples
///
/// With a clock that the test moves, and the same secrets at each start:
///
/// ```
/// # #[tokio::main] async fn main() -> std::io::Result<()> {
/// use std::time::SystemTime;
/// use emulator::{Emulator, ManualClock};
///
/// let hands = ManualClock::new(SystemTime::UNIX_EPOCH);
/// let emulator = Emulator::builder().clock(&hands).seed(7).start().await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Default)]
#[must_use = "nothing runs before `start`"]
pub struct EmulatorBuilder {
    clock: Clock,
    seed: Option<u64>,
    credentials: Kind,
    port_base: u16,
    lenient: bool,
    documents: Vec<(Provider, Arc<Document>)>,
}

#[derive(Clone, Copy, Debug, Default)]
enum Kind {
    #[default]
    Random,
    Fixed,
}

/// The start.
impl Emulator {
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
}

impl EmulatorBuilder {
    /// Uses this clock in place of the system clock to decide whether a token has expired.
    pub fn clock(self, clock: impl Into<Clock>) -> Self {
        Self { clock: clock.into(), ..self }
    }

    /// Generates credentials and tokens from this seed. Without it, each start uses a new seed.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed: Some(seed), ..self }
    }

    /// Uses fixed credentials, the ones that the program prints, in place of random ones.
    ///
    /// Ids and secrets are `gotab-access-id` / `gotab-access-secret`, `goto-client-id` / `goto+client/secret==` with
    /// the refresh token `goto-refresh-token` and the personal access token `goto-personal-access-token`,
    /// `gbg-go-client-id` / `gbg-go-client-secret`, and `public_octotable` / `6f1c4c5e-3d0e-4c67-9a52-0d1f2b3c4d5e`.
    pub fn fixed_credentials(self) -> Self {
        Self { credentials: Kind::Fixed, ..self }
    }

    /// Uses eight ports in a row, starting with this one. Each provider, in the order of [`Provider::ALL`], takes one
    /// for its auth host and the next for its API host. With 0, the default, all ports are free ones that the system
    /// chooses.
    pub fn port_base(self, port: u16) -> Self {
        Self { port_base: port, ..self }
    }

    /// Accepts requests however they are sent: chunked token requests, token requests without a `User-Agent`, and POST,
    /// PUT and PATCH without a length. By default the emulator refuses them, as strict servers do.
    pub fn lenient(self) -> Self {
        Self { lenient: true, ..self }
    }

    /// Serves one more OpenAPI document at a provider, with that provider's rules for tokens.
    ///
    /// `base_path` is put in front of the document's paths, for example `/voicemail/v1`. The operations answer with
    /// their examples.
    ///
    /// # Errors
    ///
    /// Fails with [`InvalidData`](io::ErrorKind::InvalidData) if the text is not valid YAML or JSON.
    pub fn document(
        mut self,
        provider: Provider,
        name: &str,
        base_path: &str,
        yaml: &str,
    ) -> io::Result<Self> {
        let document = Document::parse(name, base_path, yaml)?;
        self.documents.push((provider, Arc::new(document)));
        Ok(self)
    }

    /// Opens the sockets, on 127.0.0.1 only, and answers from then on.
    ///
    /// # Errors
    ///
    /// Fails if a port cannot be opened. The error names the port.
    pub async fn start(self) -> io::Result<Emulator> {
        let seed = self.seed.unwrap_or_else(|| fastrand::u64(..));
        let [gotab, goto, gbg_go, octotable] = Provider::ALL;
        let sites = [
            self.start_one(gotab, seed).await?,
            self.start_one(goto, seed).await?,
            self.start_one(gbg_go, seed).await?,
            self.start_one(octotable, seed).await?,
        ];
        Ok(Emulator::new(sites))
    }

    async fn start_one(&self, provider: Provider, seed: u64) -> io::Result<Running> {
        let mut auth = Listener::bind(self.port(provider, 0)?).await?;
        let mut api = Listener::bind(self.port(provider, 1)?).await?;
        let mut documents = embedded(provider)?;
        let further = self.documents.iter().filter(|(owner, _)| *owner == provider);
        documents.extend(further.map(|(_, document)| Arc::clone(document)));
        // Each provider has its own random numbers, so that a request to one does not change the tokens of another.
        let mut random = Random::new(seed.wrapping_add(provider.index() as u64));
        let (credentials, refresh_token) = match self.credentials {
            Kind::Random => (Credentials::random(provider, &mut random), None),
            Kind::Fixed => (Credentials::fixed(provider), Some("goto-refresh-token")),
        };
        let now = self.clock.now();
        let mut books = Books::new(provider, &documents, random, credentials, refresh_token, now);
        books.switches.lenient = self.lenient;
        let state = Arc::new(SiteState {
            provider,
            origins: Origins { auth: auth.origin(), api: api.origin() },
            documents,
            clock: self.clock.clone(),
            gates: Gates::default(),
            books: Mutex::new(books),
        });
        // Both hosts start to answer only after both are bound, so a client never meets half a site.
        auth.serve(router(&state, Endpoint::Token));
        api.serve(router(&state, Endpoint::Api));
        Ok(Running::new(Site::new(state), [auth, api]))
    }

    fn port(&self, provider: Provider, host: u16) -> io::Result<u16> {
        if self.port_base == 0 {
            return Ok(0);
        }
        let offset = u16::try_from(provider.index() * 2).unwrap_or(u16::MAX);
        self.port_base
            .checked_add(offset)
            .and_then(|port| port.checked_add(host))
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, PORT_BASE_TOO_HIGH))
    }
}

const PORT_BASE_TOO_HIGH: &str =
    "the port base (--port-base) must be at most 65528, because the emulator needs eight ports in a row";

/// Omits the seed, because every secret can be generated from it.
impl fmt::Debug for EmulatorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmulatorBuilder")
            .field("clock", &self.clock)
            .field("credentials", &self.credentials)
            .field("port_base", &self.port_base)
            .field("lenient", &self.lenient)
            .finish_non_exhaustive()
    }
}
