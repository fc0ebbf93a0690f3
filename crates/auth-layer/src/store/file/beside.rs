//! Files of the store that are not records: metadata of issuers, and a trial write.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::folder::Folder;
use super::owner::private_file;
use super::store::FileStore;
use crate::metadata::Metadata;
use crate::store::{StoreError, StoreErrorKind, StoreKey};

impl FileStore {
    /// Writes a file to the folder and removes it again, to find out whether a sign-in could be kept there. A folder
    /// that is missing is made for that, and removed afterwards.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if the folder cannot be made or written to, or is open to others.
    ///
    /// # Cancel safety
    ///
    /// The trial is finished in the background, and removes what it made.
    ///
    /// ```
    /// use auth_layer::FileStore;
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// let store = FileStore::new(folder.path().join("tokens"));
    /// store.try_write().await?;
    /// assert!(!store.folder().exists());
    /// # Ok::<(), auth_layer::store::StoreError>(()) }).unwrap();
    /// ```
    pub async fn try_write(&self) -> Result<(), StoreError> {
        self.apart(|inner| inner.folder.try_write()).await
    }

    /// Keeps an issuer's metadata beside the records, under the same rules for the folder and the file.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if the folder or the file cannot be written.
    ///
    /// # Cancel safety
    ///
    /// The file keeps its old content or gets the new one, whole.
    pub async fn keep_metadata(&self, metadata: &Metadata) -> Result<(), StoreError> {
        let metadata = metadata.clone();
        self.apart(move |inner| {
            let name = key_of(metadata.issuer());
            let path = inner.folder.metadata(&name);
            let json =
                metadata.to_json().map_err(|error| StoreError::new("cannot be written as JSON", error))?;
            let lock = inner.folder.lock(&name)?;
            inner.folder.write_file(&lock, &path, &json)
        })
        .await
    }

    /// Returns the metadata of an issuer that [`keep_metadata`](Self::keep_metadata) wrote. `None` if no copy was kept
    /// yet.
    ///
    /// Metadata may be out of date. Use it only where the issuer cannot be asked.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if the file is open to others, cannot be read, or does not hold the issuer's metadata.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future does nothing.
    pub async fn kept_metadata(&self, issuer: &str) -> Result<Option<Metadata>, StoreError> {
        let issuer = issuer.to_owned();
        self.apart(move |inner| {
            let path = inner.folder.metadata(&key_of(&issuer));
            let Some(json) = inner.folder.read_file(&path)? else { return Ok(None) };
            Metadata::from_json(&json, &issuer).map(Some).map_err(|error| {
                let problem = "does not hold the metadata of its issuer; remove it";
                StoreError::of(StoreErrorKind::Corrupt, problem).with_source(error).at(&path)
            })
        })
        .await
    }
}

impl Folder {
    /// Returns the file of an issuer's metadata. Its name does not end as the names of records do.
    fn metadata(&self, key: &StoreKey) -> PathBuf {
        self.path.join(format!("{}.metadata", key.as_str()))
    }

    fn try_write(&self) -> Result<(), StoreError> {
        let missing = missing_folders(&self.path);
        let made = self.make();
        let written = made.and_then(|()| {
            // The name is new, so that two trials at once do not disturb each other.
            let path = self.path.join(format!("trial-{:016x}.tmp", fastrand::u64(..)));
            let written = private_file().write(true).create_new(true).open(&path).and_then(|mut file| {
                // Something is written, because a full disk may still have room for an empty file.
                file.write_all(b"trial")?;
                file.sync_all()
            });
            let removed = fs::remove_file(&path);
            written
                .and(removed)
                .map_err(|error| StoreError::new("cannot be written to", error).at(&self.path))
        });
        for folder in missing {
            // Another process may have put something into the folder meanwhile. Then it stays.
            let _ = fs::remove_dir(folder);
        }
        written
    }
}

/// Returns the folders that would have to be made, the innermost first.
fn missing_folders(path: &Path) -> Vec<PathBuf> {
    let is_missing = |path: &&Path| {
        !path.as_os_str().is_empty()
            && fs::symlink_metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    };
    path.ancestors().take_while(is_missing).map(Path::to_owned).collect()
}

/// Returns the key of an issuer's file, which also names the lock that is held while the file is replaced.
fn key_of(issuer: &str) -> StoreKey {
    StoreKey::of(["metadata", issuer])
}
