//! `FileStore`: the store itself, off the runtime's threads.

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

/// Keeps records in files, which the processes of one host share. Clones share one store.
///
/// The folder is made with mode 0700 and each file with mode 0600, from the start; elsewhere than on unix they are as
/// private as the folder they are in. A file that is open to others, belongs to another user, is a link, holds half a
/// record, or was written by a newer version is an error that names it, and is left as it is.
///
/// Without a [`SealingKey`] the tokens stand in the files as they are. With one they are sealed (XChaCha20-Poly1305), each
/// to its identity; all else can still be read by people.
///
/// Reading and writing block, and run on the threads that tokio keeps for that, or on the caller's own where there is no
/// runtime. A lock is held while a record is compared and replaced, never while a token is asked for.
///
/// # Versions
///
/// The versions of a record go up by one. What was removed leaves a file with its version behind, and no token. Where
/// there is no file to count on from, the first version is the time in microseconds, so that it is new even after
/// somebody removed the file by hand.
///
/// # Leases
///
/// The end of a lease is written as a time of the wall clock, which the processes of a host share. What is left of it is
/// never more than was written, and, for a reader who has seen the mark before, no more than is left since then by its
/// monotonic clock: a wall clock set back makes nobody wait for longer than one lease.
///
/// ```
/// use auth_layer::{Entry, FileStore, RefreshToken, StoreKey, TokenStore};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let folder = folder.path().join("tokens");
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// // As it comes.
/// let store = FileStore::new(&folder);
/// let key = StoreKey::of(["an identity"]);
/// store.compare_exchange(&key, None, Entry::new(RefreshToken::new("r1"))).await?;
///
/// // With its tokens sealed; what was plain is sealed with the next write.
/// let sealing = auth_layer::SealingKey::generate().unwrap();
/// let sealed = FileStore::builder(&folder).sealing_key(sealing).build();
/// assert_eq!(sealed.load(&key).await?.unwrap().entry.refresh_token.expose(), "r1");
/// # Ok::<(), auth_layer::StoreError>(()) }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct FileStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    folder: Folder,
    /// The first seals; all open.
    keys: Vec<SealingKey>,
    clock: Arc<dyn Clock>,
    /// When this process first saw the mark that is in a record.
    marks: Mutex<HashMap<StoreKey, (Version, Now)>>,
    /// Counts this process's writes, to wake those who wait for one.
    writes: watch::Sender<u64>,
}

impl FileStore {
    /// A store in a folder, its tokens as they are. Nothing is read or made before it is used.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self::builder(folder).build()
    }

    /// The same with leases judged by `clock`.
    pub fn with_clock(folder: impl Into<PathBuf>, clock: Arc<dyn Clock>) -> Self {
        Self::builder(folder).clock(clock).build()
    }

    /// Describes a store in a folder.
    pub fn builder(folder: impl Into<PathBuf>) -> FileStoreBuilder {
        FileStoreBuilder {
            folder: Folder { path: folder.into(), owner: Owner::this(), patience: PATIENCE },
            keys: Vec::new(),
            clock: Arc::new(SystemClock::new()),
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.0.folder.path
    }

    /// The file of an identity's record, whether there is one or not.
    pub fn file(&self, key: &StoreKey) -> PathBuf {
        self.0.folder.record(key)
    }

    /// All records, each as it is or with the reason why it cannot be read.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the folder cannot be read. A record that cannot be is an error in its own place.
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

    /// Does what blocks. What has begun goes on to its end, though nobody may wait for it any more.
    async fn apart<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Inner) -> Result<T, StoreError> + Send + 'static,
    {
        let inner = self.0.clone();
        match Handle::try_current() {
            Ok(runtime) => runtime
                .spawn_blocking(move || work(&inner))
                .await
                .map_err(|_| StoreError::new("cannot use the store", "the runtime shut down"))?,
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

    /// What is left of a lease that ends, by the wall clock, at `ends`.
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
        ends.saturating_sub(now.wall()).min(now.until(first + lease))
    }

    fn compare_exchange(
        &self,
        key: &StoreKey,
        expected: Option<Version>,
        entry: &Entry,
    ) -> Result<Option<Version>, StoreError> {
        let lock = self.folder.lock(key)?;
        let found = self.read(key)?;
        let current = match &found {
            Some(document) if !document.is_removed() => {
                // What cannot be read is not written over.
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
        let version = found.map_or_else(|| Ok(first_version(now)), |found| found.next()).map_err(here)?;
        let document = Document::new(key, version, entry, now, self.keys.first()).map_err(here)?;
        self.folder.write(&lock, key, &document.text().map_err(here)?)?;
        self.wake();
        Ok(Some(version))
    }

    fn remove(&self, key: &StoreKey) -> Result<(), StoreError> {
        let temporary = self.folder.path.join(format!("{}.tmp", key.as_str()));
        // Who has nothing here makes no folder. A write that was killed may have left its token, and no record.
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
        // What is sealed need not be opened for this.
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

    /// A write of this process's wakes at once. For another's the file is looked at, every 50 ms at first and every 500 ms
    /// later, which needs a clock that can sleep.
    async fn changed(&self, key: &StoreKey, seen: Version) -> Result<(), StoreError> {
        let mut writes = self.0.writes.subscribe();
        let mut pause = SHORTEST_PAUSE;
        while self.version(key).await? == Some(seen) {
            // Apart from each other, so that many who wait do not all look at once.
            let sleep = self.0.clock.sleep(pause.mul_f64(0.75 + fastrand::f64() / 2.0));
            select(pin!(writes.changed()), sleep).await;
            pause = (pause * 3 / 2).min(LONGEST_PAUSE);
        }
        Ok(())
    }
}

/// Makes a [`FileStore`].
///
/// ```
/// use auth_layer::{FileStore, SealingKey};
///
/// // Keys change: the new one seals, and the old one still opens.
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
    /// A key. The first one given seals; each opens what was sealed with it, until the next write seals that anew.
    pub fn sealing_key(mut self, key: SealingKey) -> Self {
        self.keys.push(key);
        self
    }

    /// What leases are judged by, and what `changed` sleeps by. Its wall clock is to be that of all who share the folder.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The user whom the folder and its files must belong to, by number: the one this process runs as, unless set.
    #[cfg(unix)]
    pub const fn owner(mut self, user: u32) -> Self {
        self.folder.owner = Owner { id: user };
        self
    }

    /// How long to wait while another process holds the lock of a record: 10 s, unless set. A lock is held for
    /// milliseconds, and is gone with its process; who holds one for longer has been stopped.
    pub const fn patience(mut self, patience: Duration) -> Self {
        self.folder.patience = patience;
        self
    }

    /// Makes it. Nothing is read or made before it is used.
    pub fn build(self) -> FileStore {
        let Self { folder, keys, clock } = self;
        let inner = Inner { folder, keys, clock, marks: Mutex::default(), writes: watch::Sender::new(0) };
        FileStore(Arc::new(inner))
    }
}

/// Where nothing is left to count on from, time itself goes on.
fn first_version(now: Now) -> Version {
    Version::new(u64::try_from(now.wall().as_micros()).unwrap_or(1))
}

const PATIENCE: Duration = Duration::from_secs(10);

const SHORTEST_PAUSE: Duration = Duration::from_millis(50);

const LONGEST_PAUSE: Duration = Duration::from_millis(500);
