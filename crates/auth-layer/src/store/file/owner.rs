//! Whose a file is, and who else may read it. Elsewhere than on unix, the folder's access list decides, which is that
//! of the user whose folder it is in.

use std::fs::{DirBuilder, Metadata, OpenOptions};
use std::io;
use std::path::Path;

use crate::store::{StoreError, StoreErrorKind};

/// The user whom all files must belong to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owner {
    #[cfg(unix)]
    pub(super) id: u32,
}

#[cfg(unix)]
impl Owner {
    /// The user on whose behalf this process runs.
    pub(super) fn this() -> Self {
        Self { id: rustix::process::geteuid().as_raw() }
    }

    /// Refuses a file that belongs to somebody else, or that others may read.
    pub(super) fn check_file(self, found: &Metadata) -> Result<(), StoreError> {
        self.check(found, 0o077, "600")
    }

    /// Refuses a folder that belongs to somebody else, or where others may put a file in place of ours. That they may
    /// see the files' names does no harm.
    pub(super) fn check_folder(self, found: &Metadata) -> Result<(), StoreError> {
        self.check(found, 0o022, "700")
    }

    fn check(self, found: &Metadata, others: u32, private: &str) -> Result<(), StoreError> {
        use std::os::unix::fs::MetadataExt;

        if found.uid() != self.id {
            let (theirs, ours) = (found.uid(), self.id);
            return Err(refused(format!(
                "belongs to user {theirs} and not to user {ours}; give it to that user, or remove it and sign in again"
            )));
        }
        if found.mode() & others != 0 {
            return Err(refused(format!(
                "is open to others (mode {:04o}); run `chmod {private}` on it, and sign in again if somebody else may \
                 have used it",
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

/// Opens files that are private from their creation. It follows no link, and waits for no pipe.
pub(super) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;

        use rustix::fs::OFlags;

        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        options.mode(0o600).custom_flags(flags.bits().cast_signed());
    }
    options
}

/// Makes a folder that is private from its creation, and those above it that are missing.
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

/// Makes what was renamed or made in a folder outlive a loss of power.
#[cfg_attr(not(unix), expect(clippy::unnecessary_wraps, reason = "the signature is that of unix"))]
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    std::fs::File::open(path)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

pub(super) fn refused(problem: String) -> StoreError {
    StoreError::of(StoreErrorKind::Permissions, problem)
}
