//! The configuration file, as it is written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use super::member::{Provider, Section, is_variable, member};
use super::reason::{NO_KEY, position, reason};
use crate::failure::Failure;

/// The whole file.
#[derive(Debug, Default)]
pub(crate) struct File {
    pub(crate) store: Store,
    pub(crate) providers: BTreeMap<String, Provider>,
}

/// The folder of the token store, and the key that seals the tokens.
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

/// The file with the places of its members.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Raw {
    store: Store,
    providers: BTreeMap<String, Section>,
}

impl File {
    /// Reads a file's text; `path` is for the error.
    ///
    /// The error has the position and the reason. It never has the line or a value from it, which may be a secret.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self, Failure> {
        let refuse = |start: usize, reason: &str| {
            let (line, column) = position(text, start);
            Failure::config(format!("{}:{line}:{column}: {reason}", path.display()))
                .remedy("`tokenctl --help` lists the members of the file")
        };
        let raw: Raw = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            refuse(start, &reason(text, error.message()))
        })?;
        let mut providers = BTreeMap::new();
        for (name, section) in raw.providers {
            let provider = member(section).map_err(|wrong| refuse(wrong.start, &wrong.reason))?;
            providers.insert(name, provider);
        }
        Ok(Self { store: raw.store, providers })
    }
}

impl<'de> Deserialize<'de> for KeyVariable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = zeroize::Zeroizing::new(String::deserialize(deserializer)?);
        match text.strip_prefix("env:") {
            Some(name) if is_variable(name) => Ok(Self(name.to_owned())),
            // The text is not shown, because it is probably the key.
            _ => Err(D::Error::custom(NO_KEY)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{File, KeyVariable};

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
        assert_eq!(file.providers["goto"].own.client_id.as_deref(), Some("id"));
        assert_eq!(file.providers["acme"].key("client_auth"), Some("public"));
    }

    #[test]
    fn an_unknown_key_is_told_with_its_place() {
        let told = refused("[providers.goto]\nclient_id = \"a\"\n  client_idd = \"b\"\n");
        assert_eq!(told, "config.toml:3:3: unknown member `client_idd`; did you mean `client_id`?");
        let told = refused("[providers.goto]\norgins = []\n");
        assert_eq!(told, "config.toml:2:1: unknown member `orgins`; did you mean `origins`?");
        let told = refused("[providers.goto.answer]\nacess_token = \"x\"\n");
        assert!(told.ends_with("unknown key `answer.acess_token`; did you mean `access_token`?"), "{told}");
        let told = refused("[stor]\nfolder = \"x\"\n");
        assert!(told.starts_with("config.toml:1:2: unknown field `stor`"), "{told}");
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
    fn no_value_is_repeated_wherever_it_stands() {
        let cases = [
            ("[providers]\ngoto = \"s3cr3t\"\n", "2:8: has the wrong type"),
            ("[providers.x]\nclient_auth = \"s3cr3t\"\n", "2:15: `client_auth` must be `basic`"),
            ("[providers.x]\nclient_auth = \"a`, expected s3cr3t\"\n", "`client_auth` must be `basic`"),
            ("[providers.x]\nencoding = \"s3cr3t\"\n", "`encoding` must be `form` or `json`"),
            ("[providers.x]\ngrant = [\"s3cr3t\"]\n", "has the wrong type"),
            ("[providers.x]\nclient_id = [\"s3cr3t\"]\n", "has the wrong type"),
            ("[providers.x]\nscope = { s3cr3t = 1 }\n", "has the wrong type"),
            ("[providers.x]\nreplay = \"s3cr3t\"\n", "`replay` must be `kills-family`"),
            ("[providers.x]\nreplay = \"grace:s3cr3t\"\n", "`replay` must be `kills-family`"),
            (
                "[providers.x]\nclient_secret_env = \"s3cr3t!\"\n",
                "is not a valid name of an environment variable",
            ),
            (
                "[providers.x]\nclient_secret_env = \"1s3cr3t\"\n",
                "is not a valid name of an environment variable",
            ),
            ("[providers.x]\nclient_secret_env = \"\"\n", "is not a valid name of an environment variable"),
            ("[store]\nkey = \"env:s3cr3t=\"\n", "a key does not belong in this file"),
            ("[store]\nkey = \"env:\"\n", "a key does not belong in this file"),
            ("store = \"s3cr3t\"\n", "has the wrong type"),
        ];
        for (text, expected) in cases {
            let told = refused(text);
            assert!(told.contains(expected) && !told.contains("s3cr3t"), "{told}");
        }
        let told = refused("[store]\nkey = 12345\n");
        assert!(told.contains("has the wrong type") && !told.contains("12345"), "{told}");
    }

    #[test]
    fn a_broken_line_is_told_without_what_is_in_it() {
        let told = refused("[providers.goto]\nclient_secret = s3cr3t s3cr3t\n");
        assert!(told.starts_with("config.toml:2:") && !told.contains("s3cr3t"), "{told}");
        let told = refused("[providers.goto]\nclient_secret = \"s3cr3t\n");
        assert!(told.starts_with("config.toml:2:") && !told.contains("s3cr3t"), "{told}");
    }
}
