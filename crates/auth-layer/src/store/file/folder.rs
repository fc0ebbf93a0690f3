//! `Folder`: the files of a store, and how they are read, locked and replaced. All of this blocks.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

use super::owner::{Owner, make_private_folder, private_file, refused, sync_folder};
use crate::store::{StoreError, StoreErrorKind, StoreKey};

/// The folder of a file store.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    pub(super) owner: Owner,
    /// How long to wait for a lock.
    pub(super) patience: Duration,
}

/// The right to replace the record of one identity. It ends when this is dropped or the process ends.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "it is unlocked when it is closed")] File);

impl Folder {
    /// Returns the path of a record's file.
    pub(super) fn record(&self, key: &StoreKey) -> PathBuf {
        self.path.join(format!("{}.json", key.as_str()))
    }

    /// Returns the path of the file that a record is written to before it replaces the old one.
    pub(super) fn temporary(&self, key: &StoreKey) -> PathBuf {
        self.path.join(format!("{}.tmp", key.as_str()))
    }

    /// Reads the file of a record. Returns `None` if the file does not exist.
    pub(super) fn read(&self, key: &StoreKey) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        self.read_file(&self.record(key))
    }

    /// Reads any file of the folder. Returns `None` if the file does not exist.
    pub(super) fn read_file(&self, path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        if !self.is_there()? {
            return Ok(None);
        }
        let file = match self.open(private_file().read(true), path) {
            Ok(file) => file,
            Err(Failed::Missing) => return Ok(None),
            Err(Failed::Otherwise(error)) => return Err(error),
        };
        read_whole(file).map(Some).map_err(|error| error.at(path))
    }

    /// Opens a file to lock, and creates it and the folder if they do not exist.
    fn open_lock(&self, path: &Path) -> Result<File, StoreError> {
        for _ in 0..OPENINGS {
            self.make()?;
            match self.open(private_file().read(true).write(true).create(true).truncate(false), path) {
                Ok(lock) => return Ok(lock),
                // A trial write of another process has removed the folder that it had made.
                Err(Failed::Missing) => {}
                Err(Failed::Otherwise(error)) => return Err(error),
            }
        }
        let problem = "was removed each time while it was opened; try again";
        Err(unreachable_at(path, problem, io::ErrorKind::NotFound.into()))
    }

    /// Waits for the right to replace a record. Creates the folder if it does not exist.
    pub(super) fn lock(&self, key: &StoreKey) -> Result<Lock, StoreError> {
        // This file is never removed. Otherwise one process could lock the removed file and another one a new file, and
        // both would write.
        let path = self.path.join(format!("{}.lock", key.as_str()));
        let lock = self.open_lock(&path)?;
        // A blocking lock has no timeout: a holder that was stopped would block this thread for good. So the lock is
        // tried again and again until the patience is over.
        let (mut waited, mut wait) = (Duration::ZERO, SHORTEST_WAIT);
        loop {
            match fs4::FileExt::try_lock(&lock) {
                Ok(()) => return Ok(Lock(lock)),
                Err(fs4::TryLockError::WouldBlock) if waited < self.patience => {
                    thread::sleep(wait);
                    waited += wait;
                    // Random, so that many waiting processes do not all try at the same moment.
                    wait = (wait * 2).min(LONGEST_WAIT).mul_f64(0.5 + fastrand::f64() / 2.0);
                }
                Err(fs4::TryLockError::WouldBlock) => {
                    let problem = format!(
                        "is still locked by another process after {:?}; check whether that process is stopped",
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

    /// Replaces the file of a record. After a crash or a loss of power at any point, the file is the old one or the new
    /// one, whole.
    ///
    /// An error does not mean that the old file is still there: if only the sync of the folder fails, the new file is
    /// in its place already. Callers read the record again after an error.
    ///
    /// The argument `held` proves that the caller has a lock; it must be the one of this record. Without the lock, two
    /// processes would write to the same temporary file, and the second rename would undo the first write.
    pub(super) fn write(&self, held: &Lock, key: &StoreKey, bytes: &[u8]) -> Result<(), StoreError> {
        self.write_file(held, &self.record(key), bytes)
    }

    /// Replaces any file of the folder, in the same way.
    pub(super) fn write_file(&self, _held: &Lock, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        let temporary = path.with_extension("tmp");
        let written = write_new_file(&temporary, bytes).and_then(|()| {
            // A rename on one file system is atomic: a reader without the lock finds the old file or the new one. The
            // temporary file is in the same folder for this reason.
            fs::rename(&temporary, path)?;
            // The rename itself must survive a loss of power. Once this function returns, the caller may use an access
            // token whose refresh token is in this file alone.
            sync_folder(&self.path)
        });
        written.map_err(|error| {
            // The temporary file holds tokens. If it cannot be removed now, the next write removes it.
            let _ = fs::remove_file(&temporary);
            let problem = "cannot be written; check the free space on the disk and who owns the folder";
            unreachable_at(path, problem, error)
        })
    }

    /// Returns the keys that have a file.
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

    /// Returns whether the folder exists. It is an error if other users can write to it: they could replace a record.
    fn is_there(&self) -> Result<bool, StoreError> {
        let found = match fs::metadata(&self.path) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(unreachable_at(&self.path, "cannot be reached", error)),
        };
        if !found.is_dir() {
            let problem = "is not a folder; name one for the token files".to_owned();
            return Err(refused(problem).at(&self.path));
        }
        self.owner.check_folder(&found).map_err(|error| error.at(&self.path))?;
        Ok(true)
    }

    pub(super) fn make(&self) -> Result<(), StoreError> {
        if self.is_there()? {
            return Ok(());
        }
        let failed = |error| unreachable_at(&self.path, "cannot be created", error);
        make_private_folder(&self.path).map_err(failed)?;
        // The new folder is an entry in the one above it. After a loss of power it would be missing with all its
        // records.
        if let Some(above) = self.path.parent().filter(|above| !above.as_os_str().is_empty()) {
            sync_folder(above).map_err(failed)?;
        }
        // Checked again, because another user may have created it first.
        self.is_there().map(|_| ())
    }

    /// Opens a file that belongs to our user and that no other user can read.
    fn open(&self, how: &fs::OpenOptions, path: &Path) -> Result<File, Failed> {
        let file = match how.open(path) {
            Ok(file) => file,
            Err(error) => return Err(self.not_opened(path, error)),
        };
        // The open file is checked, and not its path: the path could be another file by now.
        let found = file.metadata().map_err(|error| unreachable_at(path, "cannot be inspected", error))?;
        if !found.is_file() {
            return Err(no_file(path).into());
        }
        self.owner.check_file(&found).map_err(|error| error.at(path))?;
        Ok(file)
    }

    /// Returns the reason why a file could not be opened. The error alone is not enough: for a link, a folder or a pipe
    /// it depends on the platform.
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

/// The reason why a file is not open.
enum Failed {
    /// The file does not exist.
    Missing,
    Otherwise(StoreError),
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Otherwise(error)
    }
}

/// Writes a file that is not there yet, and waits until the disk has it.
fn write_new_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A process that was killed may have left the file behind. No live process uses it, because this one has the lock.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // `create_new` fails if another user has put a file or a link there since, and never writes tokens into it.
    let mut file = private_file().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    // The content must be on the disk before the rename is. Otherwise a loss of power could leave the record's name
    // with an empty file.
    file.sync_all()
}

fn read_whole(file: File) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let failed = |error: io::Error| StoreError::new("cannot be read", error);
    let length = file.metadata().map_err(failed)?.len();
    if length > LONGEST {
        let problem = "is longer than 1 MiB, too long for a record; remove it and sign in again";
        return Err(StoreError::of(StoreErrorKind::Corrupt, problem));
    }
    // The buffer never grows, because growing would leave copies of the tokens in memory that are not wiped. The length
    // stays right: a write replaces the file, and this one is still open.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or_default() + 1));
    file.take(length).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

fn no_file(path: &Path) -> StoreError {
    let problem = "is a link, a folder or a device, and not a regular file; remove it and sign in again";
    refused(problem.to_owned()).at(path)
}

fn unreachable_at(path: &Path, problem: &'static str, error: io::Error) -> StoreError {
    StoreError::new(problem, error).at(path)
}

/// How often a file to lock is opened. Each time the folder can vanish only if another trial write ends at that moment.
const OPENINGS: usize = 10;

/// The first wait for a lock. A write holds the lock for about as long.
const SHORTEST_WAIT: Duration = Duration::from_micros(200);

/// The longest wait between two tries. It is short because a lock is held for milliseconds.
const LONGEST_WAIT: Duration = Duration::from_millis(8);

/// The longest file that is read, in bytes. Records have a few kilobytes, so a longer file is not a record.
const LONGEST: u64 = 1024 * 1024;
