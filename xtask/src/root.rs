//! Finds the root of the workspace.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Returns the root of the checkout that the command was started in.
///
/// It is looked up when the program runs, since a program that was compiled in one checkout may run in another: they
/// can share a target folder. `cargo run` says where the package is; a program that is started by itself looks from the
/// working directory upwards.
///
/// # Errors
///
/// Returns an error if no folder on the way up holds this workspace.
pub fn find() -> Result<PathBuf> {
    match env::var_os("CARGO_MANIFEST_DIR") {
        Some(package) => above(PathBuf::from(package)),
        None => above(env::current_dir().context("the working directory cannot be read")?),
    }
}

/// Returns the nearest folder that holds this workspace, `start` or one above it.
///
/// # Errors
///
/// Returns an error if no such folder exists.
pub fn above(start: impl AsRef<Path>) -> Result<PathBuf> {
    let start = start.as_ref();
    start
        .ancestors()
        .find(|folder| MARKS.iter().all(|mark| folder.join(mark).is_file()))
        .map(Path::to_owned)
        .with_context(|| {
            format!(
                "{} is not inside of this workspace: no folder above it has {}",
                start.display(),
                MARKS.join(" and ")
            )
        })
}

/// The files that tell the root of this workspace from other folders.
const MARKS: [&str; 2] = ["Cargo.toml", "xtask/Cargo.toml"];

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_root_is_the_folder_above_that_holds_xtask() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("crates/a/src");
        fs::create_dir_all(&deep).unwrap();
        fs::create_dir_all(folder.path().join("xtask")).unwrap();
        let outside = above(&deep).unwrap_err().to_string();
        assert!(outside.contains("is not inside of this workspace"), "{outside}");
        for mark in MARKS {
            fs::write(folder.path().join(mark), "").unwrap();
        }
        assert_eq!(above(&deep).unwrap(), folder.path());
        assert_eq!(above(folder.path().join("xtask")).unwrap(), folder.path());
    }
}
