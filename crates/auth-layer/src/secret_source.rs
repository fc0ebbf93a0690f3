//! `SecretSource`: where a secret is kept until it is sent.

use std::borrow::Cow;
use std::fmt;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio::runtime::Handle;
use zeroize::Zeroizing;

use crate::config_error::ConfigError;
use crate::error::{BoxError, Error, ErrorKind};
use crate::secret::{Secret, blankness};

/// Where a secret is kept until it is sent: here, in a file, or with whoever is asked for it each time.
///
/// Two that are read anew are equal if they are read from the same place. `Debug` shows no secret.
///
/// After a permanent refusal, or after a secret could not be read, callers who need a token have it read again, at most
/// once a second. If it is another one than was refused, it is used at once. Nothing is kept of a refused secret but a
/// digest, in memory.
///
/// Reading a file and asking somebody may block, on a thread that tokio keeps for that. One that hangs keeps its thread
/// until it returns, whatever deadline has passed meanwhile, and a runtime that shuts down waits for it.
///
/// ```
/// use auth_layer::{Secret, SecretSource};
///
/// let fixed = SecretSource::from("hunter2");
/// assert_eq!(format!("{fixed:?}"), "Secret(..)");
///
/// // One that somebody else changes now and then, and one that is made each time.
/// let mounted = SecretSource::from_file("/var/run/secrets/tokens/workload");
/// let made = SecretSource::from_fn(|| Ok(Secret::new("an assertion")));
/// ```
#[derive(Clone)]
pub struct SecretSource(Kept);

#[derive(Clone)]
enum Kept {
    Here(Secret),
    File(Arc<Path>),
    Elsewhere(Arc<Ask>),
}

type Ask = dyn Fn() -> Result<Secret, BoxError> + Send + Sync;

impl SecretSource {
    /// A secret that stays the same.
    pub fn new(secret: impl Into<Secret>) -> Self {
        Self(Kept::Here(secret.into()))
    }

    /// A secret that is read from a file for each exchange, so that a new one serves without a restart.
    ///
    /// Line ends at the end of the file are not part of it. A file that cannot be read, has no visible character, is
    /// not UTF-8 text or is longer than 64 KiB fails the exchange with [`ErrorKind::Secret`], which is transient.
    pub fn from_file(path: impl AsRef<Path>) -> Self {
        Self(Kept::File(path.as_ref().into()))
    }

    /// A secret that is asked for at each exchange: of a key store, of a helper program, of whoever signs.
    ///
    /// `ask` may block. It runs on the threads that tokio keeps for that, or on the caller's own where there is no
    /// runtime. The deadline of the exchange holds for it as well, but cannot stop it: it runs on, and what it returns
    /// is dropped. One that hangs keeps a thread of the runtime until it returns, and tokio waits for it at shutdown: give
    /// what it calls a timeout of its own.
    ///
    /// Its failure, or a secret without a visible character, fails the exchange with [`ErrorKind::Secret`], which is
    /// transient. The error that it returns is shown,
    /// as the cause of ours, and so must hold no secret.
    pub fn from_fn<F>(ask: F) -> Self
    where
        F: Fn() -> Result<Secret, BoxError> + Send + Sync + 'static,
    {
        Self(Kept::Elsewhere(Arc::new(ask)))
    }

    /// The secret, if it stays the same.
    pub const fn fixed(&self) -> Option<&Secret> {
        match &self.0 {
            Kept::Here(secret) => Some(secret),
            Kept::File(_) | Kept::Elsewhere(_) => None,
        }
    }

    /// Refuses a secret that stays the same and has no visible character; `what` names it in the error.
    pub(crate) fn check(&self, what: impl Into<Cow<'static, str>>) -> Result<(), ConfigError> {
        match self.fixed().and_then(|secret| blankness(secret.expose())) {
            Some(problem) => Err(ConfigError::new(what, problem)),
            None => Ok(()),
        }
    }

    /// What tells it from another, without the secret itself. Those that are asked for elsewhere are all alike.
    pub(crate) fn identity(&self) -> String {
        match &self.0 {
            Kept::Here(secret) => format!("{:x?}", Sha256::digest(secret.expose())),
            Kept::File(path) => format!("file {}", path.display()),
            Kept::Elsewhere(_) => "elsewhere".to_owned(),
        }
    }

    /// Gets the secret for one exchange; `what` names it in errors.
    pub(crate) async fn read(&self, what: &'static str) -> Result<Secret, Error> {
        let read: Box<dyn FnOnce() -> Result<Secret, Error> + Send> = match &self.0 {
            // The owner of this source checked the value when it was built.
            Kept::Here(secret) => return Ok(secret.clone()),
            Kept::File(path) => {
                let path = path.clone();
                Box::new(move || read_file(what, &path))
            }
            Kept::Elsewhere(ask) => {
                let ask = ask.clone();
                Box::new(move || ask().map_err(|error| unread(what, "could not be had").with_source(error)))
            }
        };
        let secret = match Handle::try_current() {
            Ok(runtime) => runtime.spawn_blocking(read).await.map_err(|error| {
                // Not the panic's own message, which may hold anything.
                let why = if error.is_panic() { "what was asked panicked" } else { "the runtime shut down" };
                unread(what, format!("could not be had: {why}"))
            })?,
            Err(_) => read(),
        }?;
        match blankness(secret.expose()) {
            Some(problem) => Err(unread(what, problem)),
            None => Ok(secret),
        }
    }
}

impl From<Secret> for SecretSource {
    fn from(secret: Secret) -> Self {
        Self::new(secret)
    }
}

impl From<String> for SecretSource {
    fn from(secret: String) -> Self {
        Self::new(secret)
    }
}

impl From<&str> for SecretSource {
    fn from(secret: &str) -> Self {
        Self::new(secret)
    }
}

impl PartialEq for SecretSource {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Kept::Here(left), Kept::Here(right)) => left == right,
            (Kept::File(left), Kept::File(right)) => left == right,
            (Kept::Elsewhere(left), Kept::Elsewhere(right)) => Arc::ptr_eq(left, right),
            _ => false,
        }
    }
}

impl Eq for SecretSource {}

impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kept::Here(secret) => secret.fmt(f),
            Kept::File(path) => f.debug_tuple("File").field(path).finish(),
            Kept::Elsewhere(_) => f.write_str("Elsewhere(..)"),
        }
    }
}

fn read_file(what: &'static str, path: &Path) -> Result<Secret, Error> {
    let refuse = |problem: &str| unread(what, format!("in {} {problem}", path.display()));
    // All of it at once: a buffer that grew would leave copies behind that are not wiped.
    let mut text = Zeroizing::new(Vec::with_capacity(LONGEST + 1));
    std::fs::File::open(path)
        .and_then(|file| file.take(LONGEST as u64 + 1).read_to_end(&mut text))
        .map_err(|error| refuse("could not be read").with_source(error.into()))?;
    if text.len() > LONGEST {
        return Err(refuse("is too long"));
    }
    let text = std::str::from_utf8(&text).map_err(|_| refuse("is no UTF-8 text"))?;
    let secret = text.trim_end_matches(['\r', '\n']);
    match blankness(secret) {
        Some(problem) => Err(refuse(problem)),
        None => Ok(Secret::new(secret)),
    }
}

fn unread(what: &str, problem: impl fmt::Display) -> Error {
    Error::new(ErrorKind::Secret, format!("{what} {problem}"))
}

/// No secret is longer; a device or a log that was named by mistake is.
const LONGEST: usize = 64 * 1024;
