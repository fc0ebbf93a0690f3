//! The folder of a file store: what is in it, and how that is read and replaced. All of this blocks.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

use super::owner::{Owner, make_private_folder, private_file, refused, sync_folder};
use crate::store::{StoreError, StoreErrorKind, StoreKey};

#[derive(Debug)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    pub(super) owner: Owner,
    /// How long to wait for a lock.
    pub(super) patience: Duration,
}

/// The right to replace the record of one identity. The operating system takes it back when the process ends.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "it is unlocked when it is closed")] File);

impl Folder {
    /// The file of a record.
    pub(super) fn record(&self, key: &StoreKey) -> PathBuf {
        self.path.join(format!("{}.json", key.as_str()))
    }

    /// Reads the file of a record; `None` if there is none.
    pub(super) fn read(&self, key: &StoreKey) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        if !self.is_there()? {
            return Ok(None);
        }
        let path = self.record(key);
        let file = match self.open(private_file().read(true), &path) {
            Ok(file) => file,
            Err(Failed::Missing) => return Ok(None),
            Err(Failed::Otherwise(error)) => return Err(error),
        };
        read_whole(file).map(Some).map_err(|error| error.at(&path))
    }

    /// Waits until nobody else may replace the record. Makes the folder if there is none.
    pub(super) fn lock(&self, key: &StoreKey) -> Result<Lock, StoreError> {
        self.make()?;
        let path = self.path.join(format!("{}.lock", key.as_str()));
        let lock = self.open(private_file().read(true).write(true).create(true).truncate(false), &path);
        let lock = lock.map_err(|failed| match failed {
            Failed::Missing => unreachable_at(&path, "has gone", io::ErrorKind::NotFound.into()),
            Failed::Otherwise(error) => error,
        })?;
        let (mut waited, mut wait) = (Duration::ZERO, SHORTEST_WAIT);
        loop {
            match fs4::FileExt::try_lock(&lock) {
                Ok(()) => return Ok(Lock(lock)),
                Err(fs4::TryLockError::WouldBlock) if waited < self.patience => {
                    thread::sleep(wait);
                    waited += wait;
                    wait = (wait * 2).min(LONGEST_WAIT).mul_f64(0.5 + fastrand::f64() / 2.0);
                }
                Err(fs4::TryLockError::WouldBlock) => {
                    let problem = format!(
                        "has been locked by another process for {:?}; see whether that one is stopped",
                        self.patience
                    );
                    return Err(StoreError::of(StoreErrorKind::Unreachable, problem).at(&path));
                }
                Err(fs4::TryLockError::Error(error)) => {
                    return Err(unreachable_at(&path, "cannot be locked", error));
                }
            }
        }
    }

    /// Replaces the file of a record: it is the old one or the new one, whole, whatever happens.
    pub(super) fn write(&self, _held: &Lock, key: &StoreKey, bytes: &[u8]) -> Result<(), StoreError> {
        let (path, temporary) = (self.record(key), self.path.join(format!("{}.tmp", key.as_str())));
        let written = (|| {
            // One may have been left behind by a process that was killed. Under the lock it is nobody's.
            match fs::remove_file(&temporary) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut file = private_file().write(true).create_new(true).open(&temporary)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&temporary, &path)?;
            sync_folder(&self.path)
        })();
        written.map_err(|error| {
            // It holds tokens. If it cannot be removed, the next write does.
            let _ = fs::remove_file(&temporary);
            unreachable_at(
                &path,
                "cannot be written; see that the disk has room and the folder is ours",
                error,
            )
        })
    }

    /// The keys of which there is a file.
    pub(super) fn keys(&self) -> Result<Vec<StoreKey>, StoreError> {
        if !self.is_there()? {
            return Ok(Vec::new());
        }
        let failed = |error| unreachable_at(&self.path, "cannot be listed", error);
        let mut keys = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let digits = name.to_str().and_then(|name| name.strip_suffix(".json"));
            keys.extend(digits.and_then(StoreKey::from_digits));
        }
        keys.sort();
        Ok(keys)
    }

    /// Whether there is a folder. One that others could write to is not used.
    fn is_there(&self) -> Result<bool, StoreError> {
        let found = match fs::metadata(&self.path) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(unreachable_at(&self.path, "cannot be reached", error)),
        };
        if !found.is_dir() {
            let problem = "is no folder; name one where the tokens may be kept".to_owned();
            return Err(refused(problem).at(&self.path));
        }
        self.owner.check_folder(&found).map_err(|error| error.at(&self.path))?;
        Ok(true)
    }

    fn make(&self) -> Result<(), StoreError> {
        if self.is_there()? {
            return Ok(());
        }
        let failed = |error| unreachable_at(&self.path, "cannot be made", error);
        make_private_folder(&self.path).map_err(failed)?;
        if let Some(above) = self.path.parent().filter(|above| !above.as_os_str().is_empty()) {
            sync_folder(above).map_err(failed)?;
        }
        self.is_there().map(|_| ())
    }

    /// Opens a file that is ours and nobody else's.
    fn open(&self, how: &fs::OpenOptions, path: &Path) -> Result<File, Failed> {
        let file = match how.open(path) {
            Ok(file) => file,
            Err(error) => return Err(self.not_opened(path, error)),
        };
        let found = file.metadata().map_err(|error| unreachable_at(path, "cannot be looked at", error))?;
        if !found.is_file() {
            return Err(no_file(path).into());
        }
        self.owner.check_file(&found).map_err(|error| error.at(path))?;
        Ok(file)
    }

    /// Tells why a file could not be opened: a link, a folder and a pipe each fail in a way of their platform's.
    fn not_opened(&self, path: &Path, error: io::Error) -> Failed {
        match fs::symlink_metadata(path) {
            Ok(found) if !found.is_file() => no_file(path).into(),
            Ok(found) => match self.owner.check_file(&found) {
                Err(refused) => refused.at(path).into(),
                Ok(()) => unreachable_at(path, "cannot be opened", error).into(),
            },
            Err(_) if error.kind() == io::ErrorKind::NotFound => Failed::Missing,
            Err(_) => unreachable_at(path, "cannot be opened", error).into(),
        }
    }
}

/// Why there is no open file.
enum Failed {
    Missing,
    Otherwise(StoreError),
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Otherwise(error)
    }
}

fn read_whole(file: File) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let failed = |error: io::Error| StoreError::new("cannot be read", error);
    let length = file.metadata().map_err(failed)?.len();
    if length > LONGEST {
        let problem = "is too long for a record; remove it and sign in again";
        return Err(StoreError::of(StoreErrorKind::Corrupt, problem));
    }
    // All of it at once: a buffer that grew would leave copies behind, which nobody wipes. A record that is replaced
    // meanwhile is another file.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or_default() + 1));
    file.take(length).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

fn no_file(path: &Path) -> StoreError {
    let problem = "is a link, a folder or a device, and no file of this store's; remove it and sign in again";
    refused(problem.to_owned()).at(path)
}

fn unreachable_at(path: &Path, problem: &'static str, error: io::Error) -> StoreError {
    StoreError::new(problem, error).at(path)
}

/// How soon to try a lock again, at first. A lock is held for about as long.
const SHORTEST_WAIT: Duration = Duration::from_micros(200);

const LONGEST_WAIT: Duration = Duration::from_millis(8);

/// No record is longer.
const LONGEST: u64 = 1024 * 1024;
