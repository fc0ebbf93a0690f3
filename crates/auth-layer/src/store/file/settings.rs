//! The settings of a `FileStore` in the environment.

use std::path::PathBuf;

use super::sealing::SealingKey;
use super::store::{FileStore, FileStoreBuilder};
use crate::error::ConfigError;

impl FileStore {
    /// The environment variable that names the folder.
    pub const FOLDER_VARIABLE: &'static str = FOLDER;

    /// Returns the user's own folder for tokens: `auth-layer` in `$XDG_STATE_HOME`, or else in `~/.local/state`. On
    /// Windows it is in `%LOCALAPPDATA%`. `None` if these variables are not set.
    ///
    /// ```
    /// if let Some(folder) = auth_layer::FileStore::default_folder() {
    ///     assert!(folder.is_absolute());
    /// }
    /// ```
    pub fn default_folder() -> Option<PathBuf> {
        default_folder(&|name| std::env::var(name).ok())
    }

    /// Creates the store that the environment describes. `lookup` returns the value of a variable.
    ///
    /// - `AUTH_LAYER_STORE`: the folder. The default is [`default_folder`](Self::default_folder). A `~` at the
    ///   beginning stands for the home folder (`HOME`).
    /// - `AUTH_LAYER_STORE_KEY`: one or more sealing keys, separated by white space. Each has the format of
    ///   [`SealingKey::from_text`]. The first one seals.
    /// - `AUTH_LAYER_STORE_KEY_FILE`: a file with a sealing key, which comes after those of `AUTH_LAYER_STORE_KEY`. A
    ///   `~` is expanded as above.
    /// - `AUTH_LAYER_STORE_KEYRING`: the name of a sealing key in the operating system's keyring (feature `keyring`),
    ///   which comes last.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] with the name of the variable if a variable is empty, if a key is not valid, or if no
    /// folder is set.
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

    /// Returns a builder for the store that the environment describes, to add a clock or more keys.
    ///
    /// # Errors
    ///
    /// As for [`from_env`](Self::from_env).
    pub fn builder_from_env(
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<FileStoreBuilder, ConfigError> {
        let folder = match set(lookup, FOLDER)? {
            Some(folder) => in_home(lookup, FOLDER, &folder)?,
            None => default_folder(lookup).ok_or_else(|| {
                let problem = "is not set, and neither is a home folder; set it to the folder for tokens";
                ConfigError::new(variable(FOLDER), problem)
            })?,
        };
        let mut builder = Self::builder(folder);
        // An empty value is an error. If it counted as "no key", the tokens would be written as plain text.
        for text in set(lookup, KEY)?.unwrap_or_default().split_whitespace() {
            builder =
                builder.sealing_key(SealingKey::from_text(text).map_err(|error| key_error(KEY, &error))?);
        }
        if let Some(file) = set(lookup, KEY_FILE)? {
            let key = SealingKey::from_file(in_home(lookup, KEY_FILE, &file)?).map_err(|error| {
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

/// Replaces a `~` at the beginning of a path by the home folder. A shell does not do that for a quoted `~`, and a
/// service manager never does.
fn in_home(
    lookup: &dyn Fn(&str) -> Option<String>,
    name: &'static str,
    path: &str,
) -> Result<PathBuf, ConfigError> {
    let Some(rest) = path.strip_prefix('~') else { return Ok(path.into()) };
    let Some(rest) = rest.strip_prefix('/').or_else(|| rest.is_empty().then_some("")) else {
        return Err(ConfigError::new(
            variable(name),
            "begins with ~ and a user's name, which is not expanded; write the whole path",
        ));
    };
    let home = absolute(lookup, "HOME").or_else(|| absolute(lookup, "USERPROFILE").filter(|_| cfg!(windows)));
    let home = home.ok_or_else(|| {
        ConfigError::new(variable(name), "begins with ~, but HOME is not set; write the whole path")
    })?;
    // An empty path would put a slash at the end.
    Ok(if rest.is_empty() { home } else { home.join(rest) })
}

#[cfg(feature = "keyring")]
fn from_keyring(name: &str) -> Result<SealingKey, ConfigError> {
    SealingKey::from_keyring(name)?.ok_or_else(|| {
        ConfigError::new(variable(KEYRING), "names a key that is not in the keyring; write it there first")
    })
}

#[cfg(not(feature = "keyring"))]
fn from_keyring(_: &str) -> Result<SealingKey, ConfigError> {
    Err(ConfigError::new(variable(KEYRING), "is set, but this program was built without feature `keyring`"))
}

fn default_folder(lookup: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let state = if cfg!(windows) {
        absolute(lookup, "LOCALAPPDATA")
    } else {
        absolute(lookup, "XDG_STATE_HOME")
            .or_else(|| absolute(lookup, "HOME").map(|home| home.join(".local/state")))
    };
    state.map(|state| state.join("auth-layer"))
}

/// Returns the absolute path in a variable. The XDG Base Directory Specification says that a relative one is ignored.
fn absolute(lookup: &dyn Fn(&str) -> Option<String>, name: &str) -> Option<PathBuf> {
    lookup(name).map(PathBuf::from).filter(|path| path.is_absolute())
}

fn set(lookup: &dyn Fn(&str) -> Option<String>, name: &'static str) -> Result<Option<String>, ConfigError> {
    match lookup(name) {
        Some(value) if value.trim().is_empty() => Err(ConfigError::new(variable(name), "is empty")),
        // A line end at the end comes from the way in which the variable was set, and names another folder.
        Some(value) => Ok(Some(value.trim_end_matches(['\r', '\n']).to_owned())),
        None => Ok(None),
    }
}

fn key_error(name: &'static str, error: &ConfigError) -> ConfigError {
    ConfigError::new(variable(name), error.problem().to_owned())
}

fn variable(name: &str) -> String {
    format!("environment variable {name}")
}

const FOLDER: &str = "AUTH_LAYER_STORE";

const KEY: &str = "AUTH_LAYER_STORE_KEY";

const KEY_FILE: &str = "AUTH_LAYER_STORE_KEY_FILE";

const KEYRING: &str = "AUTH_LAYER_STORE_KEYRING";
