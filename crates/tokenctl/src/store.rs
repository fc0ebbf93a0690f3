//! The configured store.

use std::error::Error as _;
use std::path::PathBuf;

use auth_layer::{ConfigError, FileStore, SealingKey, Secret};

use crate::config::{Settings, expand, secret, variable};
use crate::failure::{Failure, Kind, with_causes};
use crate::shell::export;

/// Returns the folder of the store: the configured one, or else the user's own.
pub(crate) fn folder(settings: &Settings) -> Result<PathBuf, Failure> {
    settings.folder()?.or_else(FileStore::default_folder).ok_or_else(|| {
        Failure::config("there is no folder for the token store, because HOME is not set")
            .remedy("set AUTH_LAYER_STORE, or folder in [store]")
    })
}

/// Returns the store. Nothing is read or made before it is used.
pub(crate) fn open(settings: &Settings) -> Result<FileStore, Failure> {
    let mut builder = FileStore::builder(folder(settings)?);
    for key in keys(settings)? {
        builder = builder.sealing_key(key);
    }
    Ok(builder.build())
}

/// Returns the store without its keys, which metadata does not need. `None` if there is no folder for it.
pub(crate) fn without_keys(settings: &Settings) -> Option<FileStore> {
    folder(settings).ok().map(FileStore::new)
}

/// Returns the sealing keys, those of the environment first. The first one seals; all of them open.
pub(crate) fn keys(settings: &Settings) -> Result<Vec<SealingKey>, Failure> {
    let mut keys = Vec::new();
    if let Some(text) = secret(KEY)? {
        keys.extend(from_text(KEY, &text)?);
    }
    if let Some(path) = variable(KEY_FILE)? {
        let path = expand(&format!("environment variable {KEY_FILE}"), path.into())?;
        keys.push(SealingKey::from_file(path).map_err(|error| unusable(KEY_FILE, &error))?);
    }
    if let Some(path) = settings.key_file()? {
        keys.push(SealingKey::from_file(path).map_err(|error| unusable("key_file", &error))?);
    }
    if let Some(name) = settings.key_variable() {
        let text = secret(name)?.ok_or_else(|| {
            Failure::config(format!("environment variable {name}: is not set"))
                .remedy("set it, or change key in [store] of the configuration file")
        })?;
        keys.extend(from_text(name, &text)?);
    }
    if let Some(name) = variable(KEYRING)? {
        keys.push(from_keyring(&name)?);
    }
    Ok(keys)
}

/// Returns the key of that name in the operating system's keyring. If the keyring has no such key, a new one is put
/// there.
#[cfg(feature = "keyring")]
fn from_keyring(name: &str) -> Result<SealingKey, Failure> {
    let kept = SealingKey::from_keyring(name).and_then(|kept| match kept {
        Some(key) => Ok(key),
        None => SealingKey::generate().and_then(|key| key.keep_in_keyring(name).map(|()| key)),
    });
    kept.map_err(|error| unusable(KEYRING, &error))
}

#[cfg(not(feature = "keyring"))]
fn from_keyring(_: &str) -> Result<SealingKey, Failure> {
    let problem = format!("{KEYRING} is set, but this tokenctl was built without feature keyring");
    Err(Failure::config(problem)
        .remedy("build it again: cargo install --path crates/tokenctl --features keyring"))
}

/// Reads one key, or several separated by white space. Services read them from the environment in the same way.
fn from_text(name: &str, text: &Secret) -> Result<Vec<SealingKey>, Failure> {
    let read = |text| SealingKey::from_text(text).map_err(|error| unusable(name, &error));
    let keys: Vec<SealingKey> = text.expose().split_whitespace().map(read).collect::<Result<_, _>>()?;
    // If this were no error, the tokens would be stored unsealed although a key was meant to seal them.
    if keys.is_empty() { Err(Failure::config(format!("{name}: has no key"))) } else { Ok(keys) }
}

/// Returns shell lines that give a service the keys in use here. No line holds a secret.
pub(crate) fn key_exports(settings: &Settings) -> Result<Vec<String>, Failure> {
    let mut lines = Vec::new();
    match (variable(KEY)?, settings.key_variable()) {
        // The shell has the value already.
        (Some(_), _) => lines.push(format!("export {KEY}")),
        (None, Some(name)) => lines.push(format!("export {KEY}=\"${name}\"")),
        (None, None) => {}
    }
    if let Some(path) = variable(KEY_FILE)? {
        lines.push(export(KEY_FILE, &path));
    } else if let Some(path) = settings.key_file()? {
        lines.push(export(KEY_FILE, &path.display().to_string()));
    }
    if let Some(name) = variable(KEYRING)? {
        lines.push(export(KEYRING, &name));
    }
    Ok(lines)
}

fn unusable(place: &str, error: &ConfigError) -> Failure {
    // The operating system's reason, such as "Permission denied", is in the error's cause.
    Failure::new(Kind::Config, with_causes(format!("{place}: {error}"), error.source()))
}

const KEY: &str = "AUTH_LAYER_STORE_KEY";
const KEYRING: &str = "AUTH_LAYER_STORE_KEYRING";
const KEY_FILE: &str = "AUTH_LAYER_STORE_KEY_FILE";
