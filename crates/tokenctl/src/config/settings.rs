//! `Settings`: the configuration file, below the environment.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use super::commands::Commands;
use super::file::File;
use super::home::{absolute, beside, expand};
use super::provider::Provider;
use super::variable::variable;
use crate::failure::Failure;

/// The configuration file, if there is one. The environment takes precedence over it.
#[derive(Debug)]
pub(crate) struct Settings {
    path: PathBuf,
    file: File,
    /// True if the file exists.
    pub(crate) found: bool,
    /// Writes commands for the user, which read the same file.
    pub(crate) commands: Commands,
}

impl Settings {
    /// Reads the file that `--config` names, or else the usual one, which may be missing.
    pub(crate) fn load(named: Option<PathBuf>) -> Result<Self, Failure> {
        let commands = Commands::new(named.as_deref());
        let must_exist = named.is_some();
        let Some(path) = named.or_else(usual_path) else {
            return Ok(Self { path: PathBuf::new(), file: File::default(), found: false, commands });
        };
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Self { file: File::parse(&path, &text)?, path, found: true, commands }),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !must_exist => {
                Ok(Self { path, file: File::default(), found: false, commands })
            }
            Err(error) => Err(Failure::config(format!("{} cannot be read", path.display())).because(error)),
        }
    }

    /// Returns the path of the file, which need not exist.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns a provider that is known or configured.
    pub(crate) fn provider<'a>(&'a self, name: &'a str) -> Result<Provider<'a>, Failure> {
        let shape = self.file.providers.get(name);
        if shape.is_none() && auth_profiles::named(name).is_none() {
            let known = self.names().into_iter().chain(auth_profiles::names().iter().copied());
            let known = known.collect::<BTreeSet<_>>();
            let known = known.into_iter().collect::<Vec<_>>().join(", ");
            return Err(Failure::config(format!("no provider is called {name}")).remedy(format!(
                "known names: {known}; to add another provider, write a section [providers.{name}] in {}",
                self.path.display()
            )));
        }
        Provider::new(name, shape, &self.path)
    }

    /// Returns the names of the providers in the file, and of those with a typed client whose client id is in the
    /// environment. A variable such as `GOOGLE_CLIENT_ID` alone may belong to another program.
    pub(crate) fn names(&self) -> BTreeSet<&str> {
        let known = auth_profiles::names().iter().copied().filter(|name| {
            Provider::new(name, None, &self.path).is_ok_and(|provider| {
                provider.has_typed_client() && provider.client_id().is_ok_and(|id| id.is_some())
            })
        });
        self.file.providers.keys().map(String::as_str).chain(known).collect()
    }

    /// Returns the configured folder of the store.
    pub(crate) fn folder(&self) -> Result<Option<PathBuf>, Failure> {
        if let Some(folder) = variable("AUTH_LAYER_STORE")? {
            return expand("environment variable AUTH_LAYER_STORE", folder.into()).map(Some);
        }
        self.file.store.folder.as_ref().map(|folder| beside("folder", &self.path, folder)).transpose()
    }

    /// Returns the file that holds the sealing key, if one is configured.
    pub(crate) fn key_file(&self) -> Result<Option<PathBuf>, Failure> {
        self.file.store.key_file.as_ref().map(|file| beside("key_file", &self.path, file)).transpose()
    }

    /// Returns the variable that holds the sealing key, if the file names one.
    pub(crate) fn key_variable(&self) -> Option<&str> {
        self.file.store.key.as_ref().map(|variable| variable.0.as_str())
    }
}

/// Returns the usual path of the file, by the XDG Base Directory Specification, or by `APPDATA` on Windows.
fn usual_path() -> Option<PathBuf> {
    absolute("XDG_CONFIG_HOME")
        .or_else(|| absolute("APPDATA").filter(|_| cfg!(windows)))
        .or_else(|| absolute("HOME").map(|home| home.join(".config")))
        .map(|folder| folder.join("tokenctl").join("config.toml"))
}
