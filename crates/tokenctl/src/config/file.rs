//! The configuration file, as it is written.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny};

use crate::failure::Failure;
use crate::span;

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
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

/// The name of an environment variable. An invalid name is not repeated in errors, because it may be the secret itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VariableName(pub(crate) String);

/// One provider: the changes to a known one, or the whole description of another one.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Provider {
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret_file: Option<PathBuf>,
    pub(crate) client_secret_env: Option<VariableName>,
    pub(crate) issuer: Option<String>,
    pub(crate) authorize_url: Option<String>,
    pub(crate) token_url: Option<String>,
    /// The token URLs that the provider had before.
    pub(crate) moved_from: Vec<String>,
    pub(crate) device_url: Option<String>,
    pub(crate) revocation_url: Option<String>,
    pub(crate) redirect_uri: Option<String>,
    pub(crate) client_auth: Option<ClientAuth>,
    pub(crate) encoding: Option<Encoding>,
    pub(crate) grant: Option<Grant>,
    pub(crate) replay: Option<Replay>,
    pub(crate) scope: Option<String>,
    pub(crate) account: Option<String>,
    // These members exist only so that the error can say where a secret belongs.
    client_secret: Option<Misplaced>,
    refresh_token: Option<Misplaced>,
    access_token: Option<Misplaced>,
}

/// How the client authenticates.
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

/// How tokens are obtained.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Grant {
    SignIn,
    ClientCredentials,
}

/// The effect of a refresh token that is sent a second time: `kills-family`, `reusable`, or `grace:` with a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replay {
    KillsFamily,
    Reusable,
    Grace(Duration),
}

/// A secret in the wrong place. Any value of it is an error, which does not show the value.
#[derive(Debug)]
struct Misplaced;

impl File {
    /// Reads a file's text; `path` is for the error.
    ///
    /// The error has the position and the reason. It never has the line or a value from it, which may be a secret.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self, Failure> {
        toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let (line, column) = position(text, start);
            let reason = reason(text, error.message());
            Failure::config(format!("{}:{line}:{column}: {reason}", path.display()))
                .remedy("`tokenctl --help` lists the members of the file")
        })
    }
}

/// Returns what is wrong, without any value of the file. The parser's own messages are about the grammar only. Those of
/// serde repeat values, except the ones about names of fields.
fn reason(text: &str, message: &str) -> Cow<'static, str> {
    let ours = [MISPLACED, NO_KEY, NO_VARIABLE, NO_REPLAY].into_iter().find(|ours| message == *ours);
    if let Some(ours) = ours {
        return ours.into();
    }
    let of_the_grammar = toml::from_str::<IgnoredAny>(text).is_err();
    if of_the_grammar || message.starts_with("unknown field `") || message.starts_with("missing field `") {
        return message.to_owned().into();
    }
    // The last part of this message is serde's own list. The part before it is the value.
    match message.strip_prefix("unknown variant `").and_then(|message| message.rsplit_once("expected ")) {
        Some((_, known)) => {
            let known = known.replace("one of ", "").replace(" or ", ", ").replace('`', "");
            format!("is not one of {known}").into()
        }
        None => "has the wrong type".into(),
    }
}

/// Returns the line and the column of a byte. Both count from 1.
fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

impl<'de> Deserialize<'de> for Misplaced {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer)?;
        Err(D::Error::custom(MISPLACED))
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

impl<'de> Deserialize<'de> for VariableName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = zeroize::Zeroizing::new(String::deserialize(deserializer)?);
        if is_variable(&text) { Ok(Self(text.to_string())) } else { Err(D::Error::custom(NO_VARIABLE)) }
    }
}

impl<'de> Deserialize<'de> for Replay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "kills-family" => Ok(Self::KillsFamily),
            "reusable" => Ok(Self::Reusable),
            text => {
                let grace = text.strip_prefix("grace:").and_then(|time| span::parse_up_to_a_day(time).ok());
                grace.map(Self::Grace).ok_or_else(|| D::Error::custom(NO_REPLAY))
            }
        }
    }
}

/// Returns whether shells accept the name of a variable: `[A-Za-z_][A-Za-z0-9_]*`.
fn is_variable(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

const MISPLACED: &str = "a secret does not belong in this file; put a client's secret into a file of its own and name \
    that file in client_secret_file, or name a variable in client_secret_env; tokens are kept in the store";

const NO_KEY: &str =
    "a key does not belong in this file; write key = \"env:NAME\", or name a file in key_file";

const NO_VARIABLE: &str =
    "is not a valid name of an environment variable (use letters, digits and _, and no digit first)";

const NO_REPLAY: &str = "is not one of kills-family, reusable, and grace: with a time, such as grace:30s";

#[cfg(test)]
mod tests {
    use std::path::Path;

    use std::time::Duration;

    use super::{ClientAuth, File, KeyVariable, Replay};

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
    fn no_value_is_repeated_wherever_it_stands() {
        let cases = [
            ("[providers]\ngoto = \"s3cr3t\"\n", "2:8: has the wrong type"),
            ("[providers.x]\nclient_auth = \"s3cr3t\"\n", "2:15: is not one of basic, body, public"),
            ("[providers.x]\nclient_auth = \"a`, expected s3cr3t\"\n", "is not one of basic, body, public"),
            ("[providers.x]\nencoding = \"s3cr3t\"\n", "is not one of form, json"),
            ("[providers.x]\ngrant = [\"s3cr3t\"]\n", "has the wrong type"),
            ("[providers.x]\nclient_id = [\"s3cr3t\"]\n", "has the wrong type"),
            ("[providers.x]\nscope = { s3cr3t = 1 }\n", "has the wrong type"),
            ("[providers.x]\nreplay = \"s3cr3t\"\n", "is not one of kills-family, reusable"),
            ("[providers.x]\nreplay = \"grace:s3cr3t\"\n", "is not one of kills-family, reusable"),
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
    fn a_replay_rule_is_read() {
        let read = |rule: &str| {
            let text = format!("[providers.x]\nreplay = \"{rule}\"\n");
            File::parse(Path::new("config.toml"), &text).unwrap().providers["x"].replay
        };
        assert_eq!(read("kills-family"), Some(Replay::KillsFamily));
        assert_eq!(read("reusable"), Some(Replay::Reusable));
        assert_eq!(read("grace:30s"), Some(Replay::Grace(Duration::from_secs(30))));
        for wrong in ["grace", "grace:", "grace:0s", "grace:2d", "Reusable"] {
            refused(&format!("[providers.x]\nreplay = \"{wrong}\"\n"));
        }
    }

    #[test]
    fn a_broken_line_is_told_without_what_is_in_it() {
        let told = refused("[providers.goto]\nclient_secret = s3cr3t s3cr3t\n");
        assert!(told.starts_with("config.toml:2:") && !told.contains("s3cr3t"), "{told}");
        let told = refused("[providers.goto]\nclient_secret = \"s3cr3t\n");
        assert!(told.starts_with("config.toml:2:") && !told.contains("s3cr3t"), "{told}");
    }
}
