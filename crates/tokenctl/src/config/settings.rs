//! `Settings`: the configuration as commands see it.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use auth_layer::Profile;

use super::file::File;
use super::provider::Provider;
use super::variable::variable;
use crate::failure::Failure;

/// The configuration file, if there is one, below the environment.
#[derive(Debug)]
pub(crate) struct Settings {
    path: PathBuf,
    file: File,
    /// Whether the file is there.
    pub(crate) found: bool,
}

impl Settings {
    /// Reads the file that was named, or else the usual one, which may be missing.
    pub(crate) fn load(named: Option<PathBuf>) -> Result<Self, Failure> {
        let must_exist = named.is_some();
        let Some(path) = named.or_else(usual_path) else {
            return Ok(Self { path: PathBuf::new(), file: File::default(), found: false });
        };
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Self { file: File::parse(&path, &text)?, path, found: true }),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !must_exist => {
                Ok(Self { path, file: File::default(), found: false })
            }
            Err(error) => Err(Failure::config(format!("{} cannot be read", path.display())).because(error)),
        }
    }

    /// Where the file is, or would be.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A provider that is known or configured.
    pub(crate) fn provider<'a>(&'a self, name: &'a str) -> Result<Provider<'a>, Failure> {
        let shape = self.file.providers.get(name);
        if shape.is_none() && Profile::named(name).is_none() {
            let known = self.names().into_iter().chain(Profile::NAMES).collect::<BTreeSet<_>>();
            let known = known.into_iter().collect::<Vec<_>>().join(", ");
            return Err(Failure::config(format!("no provider is called {name}")).remedy(format!(
                "known are {known}; another one is a section [providers.{name}] in {}",
                self.path.display()
            )));
        }
        Provider::new(name, shape, &self.path)
    }

    /// The names of the providers in the file, and of known ones whose client the environment names.
    pub(crate) fn names(&self) -> BTreeSet<&str> {
        let known = Profile::NAMES.into_iter().filter(|name| {
            Provider::new(name, None, &self.path)
                .and_then(|provider| provider.client_id())
                .is_ok_and(|id| id.is_some())
        });
        self.file.providers.keys().map(String::as_str).chain(known).collect()
    }

    /// Where tokens are kept, if that was said.
    pub(crate) fn folder(&self) -> Result<Option<PathBuf>, Failure> {
        let said = variable("AUTH_LAYER_STORE")?.map(PathBuf::from);
        Ok(said.or_else(|| self.file.store.folder.as_ref().map(|folder| beside(&self.path, folder))))
    }

    /// Which file holds the sealing key, if one does.
    pub(crate) fn key_file(&self) -> Option<PathBuf> {
        self.file.store.key_file.as_ref().map(|file| beside(&self.path, file))
    }

    /// Which variable holds the sealing key, if the file names one.
    pub(crate) fn key_variable(&self) -> Option<&str> {
        self.file.store.key.as_ref().map(|variable| variable.0.as_str())
    }
}

/// A path of the configuration file is relative to the folder that file is in.
pub(super) fn beside(file: &Path, path: &Path) -> PathBuf {
    file.parent().map_or_else(|| path.to_owned(), |folder| folder.join(path))
}

/// By the XDG base directory specification; on Windows, where programs keep such files.
fn usual_path() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    folder("XDG_CONFIG_HOME")
        .or_else(|| folder("APPDATA").filter(|_| cfg!(windows)))
        .or_else(|| folder("HOME").map(|home| home.join(".config")))
        .map(|folder| folder.join("tokenctl").join("config.toml"))
}
