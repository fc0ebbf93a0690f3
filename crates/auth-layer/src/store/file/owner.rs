//! `Owner`: the checks that a file belongs to our user and is private.
//!
//! On platforms other than unix nothing is checked. The access list of the folder decides there, which is usually that
//! of the user's own folder above it.

use std::fs::{DirBuilder, Metadata, OpenOptions};
use std::io;
use std::path::Path;

use crate::store::{StoreError, StoreErrorKind};

/// The user that all files must belong to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owner {
    #[cfg(unix)]
    pub(super) id: u32,
}

#[cfg(unix)]
impl Owner {
    /// Returns the effective user of this process.
    pub(super) fn this() -> Self {
        Self { id: rustix::process::geteuid().as_raw() }
    }

    /// Returns an error for a file that belongs to another user, or that other users may read or write.
    pub(super) fn check_file(self, found: &Metadata) -> Result<(), StoreError> {
        self.check(found, 0o077, "600")
    }

    /// Returns an error for a folder that belongs to another user, or where other users may replace a file of ours.
    /// They may list the folder: the file names hold no secret.
    pub(super) fn check_folder(self, found: &Metadata) -> Result<(), StoreError> {
        self.check(found, 0o022, "700")
    }

    fn check(self, found: &Metadata, others: u32, private: &str) -> Result<(), StoreError> {
        use std::os::unix::fs::MetadataExt;

        if found.uid() != self.id {
            let (theirs, ours) = (found.uid(), self.id);
            return Err(refused(format!(
                "belongs to user {theirs} and not to user {ours}; run `chown {ours}` on it, or remove it and sign in \
                 again"
            )));
        }
        if found.mode() & others != 0 {
            return Err(refused(format!(
                "is open to other users (mode {:04o}); run `chmod {private}` on it, and sign in again if another user \
                 may have used it",
                found.mode() & 0o7777
            )));
        }
        Ok(())
    }
}

#[cfg(not(unix))]
impl Owner {
    pub(super) fn this() -> Self {
        Self {}
    }

    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "the signature is that of unix")]
    pub(super) fn check_file(self, _: &Metadata) -> Result<(), StoreError> {
        Ok(())
    }

    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "the signature is that of unix")]
    pub(super) fn check_folder(self, _: &Metadata) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Returns options for a file that is private from its creation.
pub(super) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;

        use rustix::fs::OFlags;

        // A link could lead to a file that another user controls. A pipe would block the open until another process
        // opens its other end.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        // Set at the creation. A later `chmod` would leave a moment in which other users could open the file.
        options.mode(0o600).custom_flags(flags.bits().cast_signed());
    }
    options
}

/// Creates a folder that is private from its creation, with the missing folders above it.
pub(super) fn make_private_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;

        builder.mode(0o700);
    }
    builder.create(path)
}

/// Waits until the disk has the folder's list of files, so that a rename or a new file survives a loss of power.
#[cfg_attr(not(unix), expect(clippy::unnecessary_wraps, reason = "the signature is that of unix"))]
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    std::fs::File::open(path)?.sync_all()?;
    // On other platforms a folder cannot be opened and synced like a file.
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

pub(super) fn refused(problem: String) -> StoreError {
    StoreError::of(StoreErrorKind::Permissions, problem)
}
