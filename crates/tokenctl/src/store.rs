//! The store that the configuration tells of.

use std::path::PathBuf;

use auth_layer::{ConfigError, FileStore, SealingKey, Secret};

use crate::config::{Settings, variable};
use crate::failure::{Failure, Kind};

/// The folder that keeps tokens: what was said, or else the user's own.
pub(crate) fn folder(settings: &Settings) -> Result<PathBuf, Failure> {
    settings.folder()?.or_else(FileStore::default_folder).ok_or_else(|| {
        Failure::config("no folder for tokens is known").remedy("set AUTH_LAYER_STORE, or folder in [store]")
    })
}

/// The store. Nothing is read or made before it is used.
pub(crate) fn open(settings: &Settings) -> Result<FileStore, Failure> {
    let mut builder = FileStore::builder(folder(settings)?);
    for key in keys(settings)? {
        builder = builder.sealing_key(key);
    }
    Ok(builder.build())
}

/// The keys that seal and open, the environment's first: the first one seals.
pub(crate) fn keys(settings: &Settings) -> Result<Vec<SealingKey>, Failure> {
    let mut keys = Vec::new();
    if let Some(text) = secret(KEY)? {
        keys.extend(from_text(KEY, &text)?);
    }
    if let Some(path) = variable(KEY_FILE)? {
        keys.push(SealingKey::from_file(path).map_err(|error| unusable(KEY_FILE, &error))?);
    }
    if let Some(path) = settings.key_file() {
        keys.push(SealingKey::from_file(path).map_err(|error| unusable("key_file", &error))?);
    }
    if let Some(name) = settings.key_variable() {
        let text = secret(name)?.ok_or_else(|| {
            Failure::config(format!("environment variable {name}: is not set"))
                .remedy("key in [store] of the configuration names it")
        })?;
        keys.extend(from_text(name, &text)?);
    }
    if let Some(name) = variable(KEYRING)? {
        keys.push(from_keyring(&name)?);
    }
    Ok(keys)
}

/// The key of that name in the operating system's keyring; a new one, if there is none.
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
    let problem = format!("{KEYRING}: is set, but this tokenctl was built without feature keyring");
    Err(Failure::config(problem).remedy("cargo install --path crates/tokenctl --features keyring"))
}

/// One key, or several apart by white space, as services read them from the environment.
fn from_text(name: &str, text: &Secret) -> Result<Vec<SealingKey>, Failure> {
    let read = |text| SealingKey::from_text(text).map_err(|error| unusable(name, &error));
    let keys: Vec<SealingKey> = text.expose().split_whitespace().map(read).collect::<Result<_, _>>()?;
    // A key that was meant to be there and is not would leave the tokens plain.
    if keys.is_empty() { Err(Failure::config(format!("{name}: holds no key"))) } else { Ok(keys) }
}

/// The variables by which a service gets the keys that are in use here, with their values where those are no secret.
pub(crate) fn key_variables(settings: &Settings) -> Result<Vec<String>, Failure> {
    let mut variables = Vec::new();
    if variable(KEY)?.is_some() || settings.key_variable().is_some() {
        variables.push(KEY.to_owned());
    }
    if let Some(path) = variable(KEY_FILE)? {
        variables.push(format!("{KEY_FILE}={path}"));
    } else if let Some(path) = settings.key_file() {
        variables.push(format!("{KEY_FILE}={}", path.display()));
    }
    if let Some(name) = variable(KEYRING)? {
        variables.push(format!("{KEYRING}={name}"));
    }
    Ok(variables)
}

fn secret(name: &str) -> Result<Option<Secret>, Failure> {
    Ok(variable(name)?.map(Secret::new))
}

fn unusable(place: &str, error: &ConfigError) -> Failure {
    Failure::new(Kind::Config, format!("{place}: {error}"))
}

const KEY: &str = "AUTH_LAYER_STORE_KEY";
const KEYRING: &str = "AUTH_LAYER_STORE_KEYRING";
const KEY_FILE: &str = "AUTH_LAYER_STORE_KEY_FILE";
