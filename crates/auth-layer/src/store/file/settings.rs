//! Where the store is, as the environment tells.

use std::path::PathBuf;

use super::sealing::SealingKey;
use super::store::{FileStore, FileStoreBuilder};
use crate::config_error::ConfigError;

impl FileStore {
    /// The environment variable that names the folder.
    pub const FOLDER_VARIABLE: &'static str = FOLDER;

    /// The folder for tokens of the user this process runs as: `auth-layer` in `$XDG_STATE_HOME`, or else in
    /// `~/.local/state` (on Windows in `%LOCALAPPDATA%`). `None` if the environment tells of no such place.
    ///
    /// ```
    /// if let Some(folder) = auth_layer::FileStore::default_folder() {
    ///     assert!(folder.is_absolute());
    /// }
    /// ```
    pub fn default_folder() -> Option<PathBuf> {
        default_folder(&|name| std::env::var(name).ok())
    }

    /// The store that the environment tells of; `lookup` gives the value of a variable.
    ///
    /// - `AUTH_LAYER_STORE`: the folder; without it, as [`default_folder`](Self::default_folder) says.
    /// - `AUTH_LAYER_STORE_KEY`: a sealing key, as [`SealingKey::from_text`] reads it; or several apart by white space, of
    ///   which the first seals.
    /// - `AUTH_LAYER_STORE_KEY_FILE`: a file with a sealing key. It comes after those of `AUTH_LAYER_STORE_KEY`.
    /// - `AUTH_LAYER_STORE_KEYRING`: the name of a sealing key in the operating system's keyring (feature `keyring`), which
    ///   comes last.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] naming the variable, if it is empty, if a key is none, or if there is no folder.
    ///
    /// ```
    /// use auth_layer::FileStore;
    ///
    /// let lookup = |name: &str| (name == "AUTH_LAYER_STORE").then(|| "/var/lib/my-service/tokens".to_owned());
    /// let store = FileStore::from_env(&lookup)?;
    /// assert_eq!(store.folder(), std::path::Path::new("/var/lib/my-service/tokens"));
    /// # Ok::<(), auth_layer::ConfigError>(())
    /// ```
    pub fn from_env(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        Self::builder_from_env(lookup).map(FileStoreBuilder::build)
    }

    /// The same, to be given a clock or more keys.
    ///
    /// # Errors
    ///
    /// As for [`from_env`](Self::from_env).
    pub fn builder_from_env(
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<FileStoreBuilder, ConfigError> {
        let folder = match set(lookup, FOLDER)? {
            Some(folder) => folder.into(),
            None => default_folder(lookup).ok_or_else(|| {
                let problem = "is not set, and neither is a home folder; name the folder for tokens";
                ConfigError::new(variable(FOLDER), problem)
            })?,
        };
        let mut builder = Self::builder(folder);
        // A key that was meant to be there and is not would leave the tokens plain.
        for text in set(lookup, KEY)?.unwrap_or_default().split_whitespace() {
            builder = builder.sealing_key(SealingKey::from_text(text).map_err(|error| told(KEY, &error))?);
        }
        if let Some(file) = set(lookup, KEY_FILE)? {
            let key = SealingKey::from_file(file).map_err(|error| {
                ConfigError::new(variable(KEY_FILE), error.to_string()).with_source(error)
            })?;
            builder = builder.sealing_key(key);
        }
        if let Some(name) = set(lookup, KEYRING)? {
            builder = builder.sealing_key(from_keyring(&name)?);
        }
        Ok(builder)
    }
}

#[cfg(feature = "keyring")]
fn from_keyring(name: &str) -> Result<SealingKey, ConfigError> {
    SealingKey::from_keyring(name)?
        .ok_or_else(|| ConfigError::new(variable(KEYRING), "names a key that the keyring does not have"))
}

#[cfg(not(feature = "keyring"))]
fn from_keyring(_: &str) -> Result<SealingKey, ConfigError> {
    Err(ConfigError::new(variable(KEYRING), "is set, but this program was built without feature `keyring`"))
}

fn default_folder(lookup: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    // A relative one is to be ignored, says the XDG Base Directory Specification.
    let absolute = |name: &str| lookup(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = if cfg!(windows) {
        absolute("LOCALAPPDATA")
    } else {
        absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/state")))
    };
    state.map(|state| state.join("auth-layer"))
}

fn set(lookup: &dyn Fn(&str) -> Option<String>, name: &'static str) -> Result<Option<String>, ConfigError> {
    match lookup(name) {
        Some(value) if value.trim().is_empty() => Err(ConfigError::new(variable(name), "is empty")),
        value => Ok(value),
    }
}

fn told(name: &'static str, error: &ConfigError) -> ConfigError {
    ConfigError::new(variable(name), error.problem().to_owned())
}

fn variable(name: &str) -> String {
    format!("environment variable {name}")
}

const FOLDER: &str = "AUTH_LAYER_STORE";

const KEY: &str = "AUTH_LAYER_STORE_KEY";

const KEY_FILE: &str = "AUTH_LAYER_STORE_KEY_FILE";

const KEYRING: &str = "AUTH_LAYER_STORE_KEYRING";
