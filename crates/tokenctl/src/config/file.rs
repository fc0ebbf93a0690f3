//! The configuration file, as it is written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny};

use crate::failure::Failure;

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct File {
    pub(crate) store: Store,
    pub(crate) providers: BTreeMap<String, Provider>,
}

/// Where tokens are kept, and the key that seals them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Store {
    pub(crate) folder: Option<PathBuf>,
    pub(crate) key_file: Option<PathBuf>,
    pub(crate) key: Option<KeyVariable>,
}

/// The environment variable that holds the sealing key: `env:NAME` in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyVariable(pub(crate) String);

/// One provider: a known one's departures from its profile, or all of another.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Provider {
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret_file: Option<PathBuf>,
    pub(crate) client_secret_env: Option<String>,
    pub(crate) issuer: Option<String>,
    pub(crate) authorize_url: Option<String>,
    pub(crate) token_url: Option<String>,
    pub(crate) device_url: Option<String>,
    pub(crate) revocation_url: Option<String>,
    pub(crate) redirect_uri: Option<String>,
    pub(crate) client_auth: Option<ClientAuth>,
    pub(crate) encoding: Option<Encoding>,
    pub(crate) grant: Option<Grant>,
    pub(crate) scope: Option<String>,
    pub(crate) account: Option<String>,
    // These are here to be refused with the remedy.
    client_secret: Option<Misplaced>,
    refresh_token: Option<Misplaced>,
    access_token: Option<Misplaced>,
}

/// How the client says who it is.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ClientAuth {
    Basic,
    Body,
    Public,
}

/// How requests are written.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Encoding {
    Form,
    Json,
}

/// What tokens are had by.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Grant {
    SignIn,
    ClientCredentials,
}

/// A secret where none belongs. Whatever its value, it is an error, and the value is not in it.
#[derive(Debug)]
struct Misplaced;

impl File {
    /// Reads a file's text. `path` is for the error.
    ///
    /// The error has the position and the reason, never the line itself: it may hold a secret.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self, Failure> {
        toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let (line, column) = position(text, start);
            Failure::config(format!("{}:{line}:{column}: {}", path.display(), error.message()))
                .remedy("`tokenctl --help` shows what the file may hold")
        })
    }
}

/// Line and column of a byte, both from 1.
fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

impl<'de> Deserialize<'de> for Misplaced {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer)?;
        Err(D::Error::custom(
            "a secret does not belong in this file; put a client's secret into a file of its own and name that with \
             client_secret_file, or name a variable with client_secret_env; tokens are kept in the store",
        ))
    }
}

impl<'de> Deserialize<'de> for KeyVariable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = zeroize::Zeroizing::new(String::deserialize(deserializer)?);
        match text.strip_prefix("env:") {
            Some(name) if !name.is_empty() => Ok(Self(name.to_owned())),
            // Not the text itself, which is likely to be the key.
            _ => Err(D::Error::custom(
                "a key does not belong in this file; say key = \"env:NAME\", or name a file with key_file",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{ClientAuth, File, KeyVariable};

    #[track_caller]
    fn refused(text: &str) -> String {
        File::parse(Path::new("config.toml"), text).unwrap_err().to_string()
    }

    #[test]
    fn a_whole_file_is_read() {
        let text = r#"
            [store]
            folder = "/var/lib/tokens"
            key = "env:STORE_KEY"

            [providers.goto]
            client_id = "id"
            client_secret_file = "goto.secret"

            [providers.acme]
            issuer = "https://acme.example"
            client_auth = "public"
        "#;
        let file = File::parse(Path::new("config.toml"), text).unwrap();
        assert_eq!(file.store.key, Some(KeyVariable("STORE_KEY".to_owned())));
        assert_eq!(file.providers["goto"].client_id.as_deref(), Some("id"));
        assert_eq!(file.providers["acme"].client_auth, Some(ClientAuth::Public));
    }

    #[test]
    fn an_unknown_key_is_told_with_its_place() {
        let told = refused("[providers.goto]\nclient_id = \"a\"\n  client_name = \"b\"\n");
        assert!(told.starts_with("config.toml:3:3: unknown field `client_name`"), "{told}");
    }

    #[test]
    fn a_secret_is_refused_with_the_remedy_and_not_repeated() {
        for line in
            ["client_secret = \"s3cr3t\"", "refresh_token = \"s3cr3t\"", "access_token = [\"s3cr3t\"]"]
        {
            let told = refused(&format!("[providers.goto]\n{line}\n"));
            assert!(told.starts_with("config.toml:2:"), "{told}");
            assert!(told.contains("client_secret_file") && !told.contains("s3cr3t"), "{told}");
        }
        let told = refused("[store]\nkey = \"s3cr3t\"\n");
        assert!(told.contains("key_file") && !told.contains("s3cr3t"), "{told}");
    }

    #[test]
    fn a_broken_line_is_told_without_what_is_in_it() {
        let told = refused("[providers.goto]\nclient_secret = s3cr3t s3cr3t\n");
        assert!(told.starts_with("config.toml:2:") && !told.contains("s3cr3t"), "{told}");
        let told = refused("[providers.goto]\nclient_secret = \"s3cr3t\n");
        assert!(told.starts_with("config.toml:2:") && !told.contains("s3cr3t"), "{told}");
    }
}
