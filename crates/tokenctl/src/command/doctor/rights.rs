//! The rights of other users to a file.

use std::path::Path;

/// Returns whether the group or everybody has one of these rights to a file. On other systems than unix it is false,
/// because an access list would have to be read there.
#[cfg(unix)]
pub(super) fn others_may(path: &Path, rights: u32) -> bool {
    use std::os::unix::fs::PermissionsExt;

    std::fs::metadata(path).is_ok_and(|found| found.permissions().mode() & rights != 0)
}

#[cfg(not(unix))]
pub(super) const fn others_may(_path: &Path, _rights: u32) -> bool {
    false
}

pub(super) const WRITE: u32 = 0o022;
pub(super) const READ_OR_WRITE: u32 = 0o066;
