//! `SecretSource`: a secret, or the place that it is read from.

use std::borrow::Cow;
use std::fmt;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio::runtime::Handle;
use zeroize::Zeroizing;

use super::secret::{Secret, blankness};
use crate::error::{BoxError, ConfigError, Error, ErrorKind};

/// A secret, or the file or function that it is read from for each exchange.
///
/// Two sources are equal if they have the same secret or read from the same place. `Debug` shows no secret.
///
/// After the server has refused a secret, or after it could not be read, it is read again when a caller needs a token,
/// at most once a second. A changed secret is used at once. Only a digest of the refused secret is kept, in memory.
///
/// A read may block. It runs on tokio's blocking threads. A read that hangs keeps its thread until it returns, even
/// after the deadline of the exchange, and a runtime that shuts down waits for it.
///
/// ```
/// use auth_layer::{Secret, SecretSource};
///
/// let fixed = SecretSource::from("hunter2");
/// assert_eq!(format!("{fixed:?}"), "Secret(..)");
///
/// // A secret that another program changes now and then, and one that is made for each exchange.
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
    /// Creates a source of one fixed secret.
    pub fn new(secret: impl Into<Secret>) -> Self {
        Self(Kept::Here(secret.into()))
    }

    /// Creates a source that reads a file for each exchange, so that a new secret needs no restart.
    ///
    /// Line ends at the end of the file are not part of the secret. If the file cannot be read, has no visible
    /// character, is not UTF-8 text or is longer than 64 KiB, the exchange fails with [`ErrorKind::Secret`], which is
    /// transient.
    pub fn from_file(path: impl AsRef<Path>) -> Self {
        Self(Kept::File(path.as_ref().into()))
    }

    /// Creates a source that calls a function for each exchange. The function may read a key store, run a helper
    /// program or sign an assertion.
    ///
    /// `ask` may block. It runs on tokio's blocking threads, or on the caller's thread if there is no runtime. The
    /// deadline of the exchange includes it but cannot stop it: a late secret is dropped. A function that hangs keeps a
    /// thread of the runtime until it returns, and tokio waits for it at shutdown. Set a timeout inside the function.
    ///
    /// If the function fails, or its secret has no visible character, the exchange fails with [`ErrorKind::Secret`],
    /// which is transient. The function's error is shown as the cause, so it must not hold a secret.
    pub fn from_fn<F>(ask: F) -> Self
    where
        F: Fn() -> Result<Secret, BoxError> + Send + Sync + 'static,
    {
        Self(Kept::Elsewhere(Arc::new(ask)))
    }

    /// Returns the secret of a source that is fixed.
    pub const fn fixed(&self) -> Option<&Secret> {
        match &self.0 {
            Kept::Here(secret) => Some(secret),
            Kept::File(_) | Kept::Elsewhere(_) => None,
        }
    }

    /// Returns an error for a fixed secret without a visible character. `what` names the secret in the error.
    pub(crate) fn check(&self, what: impl Into<Cow<'static, str>>) -> Result<(), ConfigError> {
        match self.fixed().and_then(|secret| blankness(secret.expose())) {
            Some(problem) => Err(ConfigError::new(what, problem)),
            None => Ok(()),
        }
    }

    /// Returns a text that tells this source from others without showing the secret. All functions have the same text.
    pub(crate) fn identity(&self) -> String {
        match &self.0 {
            Kept::Here(secret) => format!("{:x?}", Sha256::digest(secret.expose())),
            Kept::File(path) => format!("file {}", path.display()),
            Kept::Elsewhere(_) => "elsewhere".to_owned(),
        }
    }

    /// Gets the secret for one exchange. `what` names the secret in errors.
    pub(crate) async fn read(&self, what: &'static str) -> Result<Secret, Error> {
        let read: Box<dyn FnOnce() -> Result<Secret, Error> + Send> = match &self.0 {
            // Not checked here: `check` did that when the owner of this source was built.
            Kept::Here(secret) => return Ok(secret.clone()),
            Kept::File(path) => {
                let path = path.clone();
                Box::new(move || read_file(what, &path))
            }
            Kept::Elsewhere(ask) => {
                let ask = ask.clone();
                Box::new(move || {
                    ask().map_err(|error| unread(what, "could not be obtained").with_source(error))
                })
            }
        };
        let secret = match Handle::try_current() {
            Ok(runtime) => runtime.spawn_blocking(read).await.map_err(|error| {
                // The panic's own message is left out, because it may hold the secret.
                let why = if error.is_panic() { "its function panicked" } else { "the runtime shut down" };
                unread(what, format!("could not be obtained: {why}"))
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
    // The buffer never grows, because growing would leave copies of the secret in memory that are not wiped.
    let mut text = Zeroizing::new(Vec::with_capacity(LONGEST + 1));
    std::fs::File::open(path)
        .and_then(|file| file.take(LONGEST as u64 + 1).read_to_end(&mut text))
        .map_err(|error| refuse("could not be read").with_source(error.into()))?;
    if text.len() > LONGEST {
        return Err(refuse("is longer than 64 KiB; name a file that has only the secret"));
    }
    let text = std::str::from_utf8(&text).map_err(|_| refuse("is not UTF-8 text; write it again as text"))?;
    let secret = text.trim_end_matches(['\r', '\n']);
    match blankness(secret) {
        Some(problem) => Err(refuse(problem)),
        None => Ok(Secret::new(secret)),
    }
}

fn unread(what: &str, problem: impl fmt::Display) -> Error {
    Error::new(ErrorKind::Secret, format!("{what} {problem}"))
}

/// The longest secret, in bytes. A longer file is a log or a device that was named by mistake.
const LONGEST: usize = 64 * 1024;
