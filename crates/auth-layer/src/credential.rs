//! The long-lived thing that is traded for tokens.

use std::fmt;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use tokio::runtime::Handle;
use zeroize::Zeroizing;

use crate::error::{BoxError, Error, ErrorKind};
use crate::secret::Secret;

/// A client's id and secret. It travels to the token endpoint and nowhere else.
///
/// ```
/// use auth_layer::Credential;
///
/// let credential = Credential::new("my-client", "my-secret");
/// assert_eq!(format!("{credential:?}"), r#"Credential { id: "my-client", secret: Secret(..) }"#);
///
/// // A secret that somebody else changes now and then.
/// let mounted = Credential::from_file("my-client", "/run/secrets/my-client");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    id: String,
    secret: Kept,
}

/// Where the secret is kept. Two that are read anew are equal if they are read from the same place.
#[derive(Clone)]
enum Kept {
    Here(Secret),
    File(Arc<Path>),
    Elsewhere(Arc<Ask>),
}

type Ask = dyn Fn() -> Result<Secret, BoxError> + Send + Sync;

impl Credential {
    /// A client's id and secret.
    pub fn new(id: impl Into<String>, secret: impl Into<Secret>) -> Self {
        Self { id: id.into(), secret: Kept::Here(secret.into()) }
    }

    /// A public client, which has no secret.
    pub fn public(id: impl Into<String>) -> Self {
        Self::new(id, "")
    }

    /// A client whose secret is read from a file for each exchange, so that a new one serves without a restart.
    ///
    /// Line ends at the end of the file are not part of it. A file that cannot be read, is empty, is no UTF-8 text or is
    /// longer than 64 KiB fails the exchange with [`ErrorKind::Secret`], which is transient.
    pub fn from_file(id: impl Into<String>, path: impl AsRef<Path>) -> Self {
        Self { id: id.into(), secret: Kept::File(path.as_ref().into()) }
    }

    /// A client whose secret is asked for at each exchange: of a key store, or of a helper program.
    ///
    /// `ask` may block. It runs on the threads that tokio keeps for that, or on the caller's own where there is no
    /// runtime. The deadline of the exchange holds for it as well, but cannot stop it: it runs on, and what it returns
    /// is dropped. Its failure fails the exchange with [`ErrorKind::Secret`], which is transient.
    ///
    /// ```
    /// use auth_layer::{Credential, Secret};
    ///
    /// let credential = Credential::from_fn("my-client", || {
    ///     let shown = std::process::Command::new("pass").arg("my-client").output()?;
    ///     Ok(Secret::new(String::from_utf8(shown.stdout)?.trim_end()))
    /// });
    /// ```
    pub fn from_fn<F>(id: impl Into<String>, ask: F) -> Self
    where
        F: Fn() -> Result<Secret, BoxError> + Send + Sync + 'static,
    {
        Self { id: id.into(), secret: Kept::Elsewhere(Arc::new(ask)) }
    }

    /// The client's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The client's secret, empty for a public client; `None` if it is read anew for each exchange.
    pub const fn secret(&self) -> Option<&Secret> {
        match &self.secret {
            Kept::Here(secret) => Some(secret),
            Kept::File(_) | Kept::Elsewhere(_) => None,
        }
    }

    /// Gets the secret for one exchange.
    pub(crate) async fn read(&self) -> Result<Secret, Error> {
        let read: Box<dyn FnOnce() -> Result<Secret, Error> + Send> = match &self.secret {
            Kept::Here(secret) => return Ok(secret.clone()),
            Kept::File(path) => {
                let path = path.clone();
                Box::new(move || read_file(&path))
            }
            Kept::Elsewhere(ask) => {
                let ask = ask.clone();
                Box::new(move || ask().map_err(|error| unread("could not be had").with_source(error)))
            }
        };
        let secret = match Handle::try_current() {
            Ok(runtime) => runtime.spawn_blocking(read).await.map_err(|error| {
                // Not the panic's own message, which may hold anything.
                let why = if error.is_panic() { "what was asked panicked" } else { "the runtime shut down" };
                unread(format!("could not be had: {why}"))
            })?,
            Err(_) => read(),
        }?;
        if secret.is_empty() {
            return Err(unread("is empty"));
        }
        Ok(secret)
    }
}

impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Here(left), Self::Here(right)) => left == right,
            (Self::File(left), Self::File(right)) => left == right,
            (Self::Elsewhere(left), Self::Elsewhere(right)) => Arc::ptr_eq(left, right),
            _ => false,
        }
    }
}

impl Eq for Kept {}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Here(secret) => secret.fmt(f),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Elsewhere(_) => f.write_str("Elsewhere(..)"),
        }
    }
}

fn read_file(path: &Path) -> Result<Secret, Error> {
    let refuse = |problem: &str| unread(format!("in {} {problem}", path.display()));
    // All of it at once: a buffer that grew would leave copies behind, which nobody wipes.
    let mut text = Zeroizing::new(Vec::with_capacity(LONGEST + 1));
    std::fs::File::open(path)
        .and_then(|file| file.take(LONGEST as u64 + 1).read_to_end(&mut text))
        .map_err(|error| refuse("could not be read").with_source(error.into()))?;
    if text.len() > LONGEST {
        return Err(refuse("is too long"));
    }
    let text = std::str::from_utf8(&text).map_err(|_| refuse("is no UTF-8 text"))?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(refuse("is empty")),
        secret => Ok(Secret::new(secret)),
    }
}

fn unread(problem: impl fmt::Display) -> Error {
    Error::new(ErrorKind::Secret, format!("the client's secret {problem}"))
}

/// No secret is longer; a device or a log that was named by mistake is.
const LONGEST: usize = 64 * 1024;
