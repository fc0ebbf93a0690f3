//! `FileStore`: the store itself. Its file operations run on tokio's blocking threads.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::select;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::document::{Document, Opened};
use super::folder::Folder;
use super::owner::Owner;
use super::sealing::SealingKey;
use crate::clock::{Clock, Now, SystemClock};
use crate::store::{Entry, Record, State, StoreError, StoreKey, TokenStore, Version};

/// A store that keeps records in files, which the processes of one host share. Clones share one store.
///
/// The folder is created with mode 0700, and each file with mode 0600. On platforms other than unix they are as private
/// as the folder above them. Each of these is an error that names the file, and the file is left as it is:
///
/// - Other users can read it, or it belongs to another user.
/// - It is a link.
/// - It is incomplete or not a record.
/// - A newer version of this crate wrote it.
///
/// Without a [`SealingKey`] the tokens are in the files as plain text. With one they are sealed (XChaCha20-Poly1305).
/// A sealed token that is copied into the file of another identity cannot be opened there. The rest of a record is
/// plain text in both cases.
///
/// Reads and writes block. They run on tokio's blocking threads, or on the caller's thread if there is no runtime. A
/// lock is held while a record is compared and replaced, but never during a token request.
///
/// # Versions
///
/// Each write adds one to the version of a record. A record that is removed leaves a file with its version and no
/// token. If a record has no file, its first version is the time in microseconds. That version is new even if a person
/// removed the file by hand, unless the wall clock was set back.
///
/// # Leases
///
/// The end of a lease is written as a time of the wall clock, which the processes of a host share. A reader waits no
/// longer than the written length of the lease, counted by its monotonic clock from the first time that it saw the
/// mark. A wall clock that is set back therefore makes no reader wait for longer than one lease.
///
/// ```
/// use auth_layer::store::{Entry, StoreKey};
/// use auth_layer::{FileStore, RefreshToken, TokenStore};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let folder = folder.path().join("tokens");
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// // With the defaults.
/// let store = FileStore::new(&folder);
/// let key = StoreKey::of(["an identity"]);
/// store.compare_exchange(&key, None, Entry::new(RefreshToken::new("r1"))).await?;
///
/// // With sealed tokens. The next write seals the ones that are plain text.
/// let sealing = auth_layer::SealingKey::generate().unwrap();
/// let sealed = FileStore::builder(&folder).sealing_key(sealing).build();
/// assert_eq!(sealed.load(&key).await?.unwrap().entry.refresh_token.expose(), "r1");
/// # Ok::<(), auth_layer::store::StoreError>(()) }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct FileStore(Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) folder: Folder,
    /// The first key seals. All keys open.
    keys: Vec<SealingKey>,
    clock: Arc<dyn Clock>,
    /// The version of each marked record, and the time when this process first saw it.
    marks: Mutex<HashMap<StoreKey, (Version, Now)>>,
    /// The number of this process's writes. A change wakes the tasks that wait in `changed`.
    writes: watch::Sender<u64>,
}

impl FileStore {
    /// Creates a store in a folder, with plain tokens. The folder is neither read nor created before the first use.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self::builder(folder).build()
    }

    /// Creates a store whose leases are measured by `clock`.
    pub fn with_clock(folder: impl Into<PathBuf>, clock: Arc<dyn Clock>) -> Self {
        Self::builder(folder).clock(clock).build()
    }

    /// Returns a builder for a store in a folder.
    pub fn builder(folder: impl Into<PathBuf>) -> FileStoreBuilder {
        FileStoreBuilder {
            folder: Folder { path: folder.into(), owner: Owner::this(), patience: PATIENCE },
            keys: Vec::new(),
            clock: Arc::new(SystemClock::new()),
        }
    }

    /// Returns the folder.
    pub fn folder(&self) -> &Path {
        &self.0.folder.path
    }

    /// Returns the path of an identity's record, whether the file exists or not.
    pub fn file(&self, key: &StoreKey) -> PathBuf {
        self.0.folder.record(key)
    }

    /// Reads all records. Each is a record, or the error that it cannot be read with.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if the folder cannot be read.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future does nothing.
    pub async fn list(&self) -> Result<Vec<(StoreKey, Result<Record, StoreError>)>, StoreError> {
        self.apart(|inner| {
            let read = |key| match inner.load(&key) {
                Ok(record) => record.map(|record| (key, Ok(record))),
                Err(error) => Some((key, Err(error))),
            };
            Ok(inner.folder.keys()?.into_iter().filter_map(read).collect())
        })
        .await
    }

    /// Runs blocking work on another thread. Work that has begun runs to its end, even if this future is dropped. A
    /// write is therefore never cut off between its steps.
    pub(super) async fn apart<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Inner) -> Result<T, StoreError> + Send + 'static,
    {
        let inner = self.0.clone();
        match Handle::try_current() {
            Ok(runtime) => runtime
                .spawn_blocking(move || work(&inner))
                .await
                // A panic of the work ends here too, and gets the same text.
                .map_err(|_| StoreError::new("cannot use the store", "the runtime shut down"))?,
            // Without a runtime there are no other threads for it.
            Err(_) => work(&inner),
        }
    }

    async fn version(&self, key: &StoreKey) -> Result<Option<Version>, StoreError> {
        let key = key.clone();
        self.apart(move |inner| {
            let found = inner.read(&key)?.filter(|document| !document.is_removed());
            Ok(found.map(|document| Version::new(document.version)))
        })
        .await
    }
}

impl Inner {
    fn read(&self, key: &StoreKey) -> Result<Option<Document>, StoreError> {
        let Some(bytes) = self.folder.read(key)? else { return Ok(None) };
        Document::read(key, &bytes).map(Some).map_err(|error| error.at(&self.folder.record(key)))
    }

    fn open(&self, key: &StoreKey, document: &Document) -> Result<Opened, StoreError> {
        document.open(key, &self.keys).map_err(|error| error.at(&self.folder.record(key)))
    }

    fn load(&self, key: &StoreKey) -> Result<Option<Record>, StoreError> {
        let Some(document) = self.read(key)?.filter(|document| !document.is_removed()) else {
            return Ok(None);
        };
        let version = Version::new(document.version);
        let Opened { mut entry, lease_ends } = self.open(key, &document)?;
        match (&mut entry.state, lease_ends) {
            (State::Redeeming { lease, .. }, Some(ends)) => *lease = self.left(key, version, *lease, ends),
            _ => {
                self.marks.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
            }
        }
        Ok(Some(Record::new(version, entry)))
    }

    /// Returns the rest of a lease that ends at `ends` by the wall clock.
    fn left(&self, key: &StoreKey, version: Version, lease: Duration, ends: Duration) -> Duration {
        let now = self.clock.now();
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        let first = match marks.get(key) {
            Some((seen, first)) if *seen == version => *first,
            _ => {
                marks.insert(key.clone(), (version, now));
                now
            }
        };
        // Two limits: the end that was written, and one lease since this process first saw the mark. The second one
        // holds if the wall clock was set back, or if the writer's clock was ahead.
        ends.saturating_sub(now.wall()).min(now.until(first + lease))
    }

    fn compare_exchange(
        &self,
        key: &StoreKey,
        expected: Option<Version>,
        entry: &Entry,
    ) -> Result<Option<Version>, StoreError> {
        // Held until this function returns. Between the comparison and the rename no other process may write, or its
        // record would be lost.
        let lock = self.folder.lock(key)?;
        let found = self.read(key)?;
        let current = match &found {
            Some(document) if !document.is_removed() => {
                // A record that cannot be opened is never replaced: it may hold the only good refresh token. The error
                // leaves it to a person to give the right key or to remove the file.
                self.open(key, document)?;
                Some(Version::new(document.version))
            }
            _ => None,
        };
        if current != expected {
            return Ok(None);
        }
        let now = self.clock.now();
        let here = |error: StoreError| error.at(&self.folder.record(key));
        // A removed record counts on too. Its old version must not come back, because a process that still knows it
        // would take the new record for the old one.
        let version = found.map_or_else(|| Ok(first_version(now)), |found| found.next()).map_err(here)?;
        let document = Document::new(key, version, entry, now, self.keys.first()).map_err(here)?;
        // After an error the new file may be there all the same (see `Folder::write`). No task is woken then: those
        // that wait in `changed` find the new version when they next read the file.
        self.folder.write(&lock, key, &document.text().map_err(here)?)?;
        self.wake();
        Ok(Some(version))
    }

    fn remove(&self, key: &StoreKey) -> Result<(), StoreError> {
        let temporary = self.folder.temporary(key);
        // The lock would create the folder, so it is taken only if there is a file to remove. A process that was killed
        // in its first write leaves a temporary file with a token, and no record.
        if fs::symlink_metadata(&temporary).is_err() && self.folder.read(key)?.is_none() {
            return Ok(());
        }
        let lock = self.folder.lock(key)?;
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::new("cannot be removed", error).at(&temporary));
            }
            _ => {}
        }
        // Not opened: a sealed record can be removed without its key.
        if let Some(found) = self.read(key)?.filter(|document| !document.is_removed()) {
            self.folder.write(&lock, key, &Document::removed(key, found.version).text()?)?;
            self.wake();
        }
        Ok(())
    }

    fn wake(&self) {
        self.writes.send_modify(|writes| *writes += 1);
    }
}

#[async_trait]
impl TokenStore for FileStore {
    async fn load(&self, key: &StoreKey) -> Result<Option<Record>, StoreError> {
        let key = key.clone();
        self.apart(move |inner| inner.load(&key)).await
    }

    async fn compare_exchange(
        &self,
        key: &StoreKey,
        expected: Option<Version>,
        entry: Entry,
    ) -> Result<Option<Version>, StoreError> {
        let key = key.clone();
        self.apart(move |inner| inner.compare_exchange(&key, expected, &entry)).await
    }

    async fn remove(&self, key: &StoreKey) -> Result<(), StoreError> {
        let key = key.clone();
        self.apart(move |inner| inner.remove(&key)).await
    }

    /// Waits until the record has another version than `seen`. A write of this process ends the wait at once. For
    /// writes of other processes the file is read again, every 50 ms at first and every 500 ms later. That needs a
    /// clock that can sleep.
    async fn changed(&self, key: &StoreKey, seen: Version) -> Result<(), StoreError> {
        // Before the first look, so that no write between the look and the wait is missed.
        let mut writes = self.0.writes.subscribe();
        let mut pause = SHORTEST_PAUSE;
        while self.version(key).await? == Some(seen) {
            // Random, so that many waiting processes do not all read at the same moment.
            let sleep = self.0.clock.sleep(pause.mul_f64(0.75 + fastrand::f64() / 2.0));
            select(pin!(writes.changed()), sleep).await;
            pause = (pause * 3 / 2).min(LONGEST_PAUSE);
        }
        Ok(())
    }
}

/// A builder for a [`FileStore`].
///
/// ```
/// use auth_layer::{FileStore, SealingKey};
///
/// // The key was changed: the new one seals, and the old one still opens.
/// let store = FileStore::builder("/var/lib/my-service/tokens")
///     .sealing_key(SealingKey::generate()?)
///     .sealing_key(SealingKey::from_text("3q2+796tvu/erb7v3q2+796tvu/erb7v3q2+796tvu8=")?)
///     .build();
/// # Ok::<(), auth_layer::ConfigError>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct FileStoreBuilder {
    folder: Folder,
    keys: Vec<SealingKey>,
    clock: Arc<dyn Clock>,
}

impl FileStoreBuilder {
    /// Adds a sealing key. The first key seals. The others open records that were sealed with them; the next write of
    /// such a record seals it with the first key.
    pub fn sealing_key(mut self, key: SealingKey) -> Self {
        self.keys.push(key);
        self
    }

    /// Sets the clock for leases and for the waits of `changed`. All processes that share the folder must have the same
    /// wall clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the numeric id of the user that the folder and its files must belong to. The default is the effective user
    /// of this process.
    #[cfg(unix)]
    pub const fn owner(mut self, user: u32) -> Self {
        self.folder.owner = Owner { id: user };
        self
    }

    /// Sets how long to wait for the lock of a record. The default is 10 s.
    ///
    /// A lock is held for milliseconds and is released when its process ends. A process that holds one for longer has
    /// been stopped.
    pub const fn patience(mut self, patience: Duration) -> Self {
        self.folder.patience = patience;
        self
    }

    /// Creates the store. The folder is neither read nor created before the first use.
    pub fn build(self) -> FileStore {
        let Self { folder, keys, clock } = self;
        let inner = Inner { folder, keys, clock, marks: Mutex::default(), writes: watch::Sender::new(0) };
        FileStore(Arc::new(inner))
    }
}

/// Returns the first version of a record that has no file. It is the time, because a counter from 1 could repeat a
/// version of a file that was removed by hand.
fn first_version(now: Now) -> Version {
    Version::new(u64::try_from(now.wall().as_micros()).unwrap_or(1))
}

/// A lock is held for milliseconds, so a process that holds one for this long has been stopped.
const PATIENCE: Duration = Duration::from_secs(10);

/// The wait is for another process's token request, which seldom takes less time than this.
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);

/// About the longest delay between a write of another process and the end of the wait for it.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
