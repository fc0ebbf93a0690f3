//! The members of a provider's section: those of this program, and the keys of a profile.

use std::collections::BTreeMap;
use std::path::PathBuf;

use auth_layer::Profile;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use toml::{Spanned, Table, Value};

use super::reason::{MISPLACED, NO_VARIABLE, of_a_value};

/// One provider: the members of this program, and keys of the provider's profile.
#[derive(Debug, Default)]
pub(crate) struct Provider {
    pub(crate) own: Own,
    /// The keys of the profile, which have been checked one by one.
    pub(crate) keys: Table,
}

/// A section with the places of its members.
pub(super) type Section = BTreeMap<Spanned<String>, Spanned<Value>>;

/// The name of an environment variable. An invalid name is not repeated in errors, because it may be the secret itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VariableName(pub(crate) String);

/// The members of this program.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Own {
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret_file: Option<PathBuf>,
    pub(crate) client_secret_env: Option<VariableName>,
    pub(crate) redirect_uri: Option<String>,
    pub(crate) grant: Option<Grant>,
    pub(crate) scope: Option<String>,
    pub(crate) account: Option<String>,
    /// The name of a known profile, or the path of a profile's file.
    pub(crate) profile: Option<String>,
    /// A variant of the profile.
    pub(crate) variant: Option<String>,
    /// The values of the profile's inputs.
    pub(crate) inputs: BTreeMap<String, String>,
}

/// How tokens are obtained.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Grant {
    SignIn,
    ClientCredentials,
}

impl Provider {
    /// Returns the text of a key of the profile.
    pub(crate) fn key(&self, name: &str) -> Option<&str> {
        self.keys.get(name)?.as_str()
    }
}

/// The reason why a section cannot be used, and the byte of the file that it is about.
pub(super) struct Wrong {
    pub(super) start: usize,
    pub(super) reason: String,
}

/// Sorts the members of a section, and checks each.
pub(super) fn member(section: Section) -> Result<Provider, Wrong> {
    let (mut own, mut keys) = (Table::new(), Table::new());
    let mut places = BTreeMap::new();
    for (name, value) in section {
        let (key_start, value_start) = (name.span().start, value.span().start);
        let name = name.into_inner();
        if SECRETS.contains(&name.as_str()) {
            return Err(Wrong { start: value_start, reason: MISPLACED.to_owned() });
        }
        if OWN.contains(&name.as_str()) {
            own.insert(name.clone(), value.into_inner());
        } else if is_key(&name) {
            keys.insert(name.clone(), value.into_inner());
        } else {
            return Err(Wrong { start: key_start, reason: unknown(&name) });
        }
        places.insert(name, value_start);
    }
    let start = |name: &str| places.get(name).copied().unwrap_or_default();
    let own: Own = serde_path_to_error::deserialize(Value::Table(own)).map_err(|error| {
        let name = error.path().to_string();
        let name = name.split(['.', '[']).next().unwrap_or_default().to_owned();
        Wrong { start: start(&name), reason: of_a_value(error.inner().message()).into_owned() }
    })?;
    check(&keys, &start)?;
    Ok(Provider { own, keys })
}

/// Checks the keys of a profile. A text with a name in braces is checked when its value is known.
fn check(keys: &Table, start: &dyn Fn(&str) -> usize) -> Result<(), Wrong> {
    let plain = || keys.iter().filter(|(_, value)| !value.to_string().contains('{') || value.is_table());
    let checked = |keys: Table| {
        let mut table = Table::from_iter([
            ("name".to_owned(), Value::from("example")),
            ("token_url".to_owned(), Value::from("https://localhost/token")),
        ]);
        table.extend(keys);
        Profile::deserialize(Value::Table(table)).map(drop)
    };
    let all: Table = plain().map(|(name, value)| (name.clone(), value.clone())).collect();
    let Err(error) = checked(all) else { return Ok(()) };
    // One of them is at fault, or two together.
    for (name, value) in plain() {
        if let Err(error) = checked(Table::from_iter([(name.clone(), value.clone())])) {
            return Err(Wrong { start: start(name), reason: error.message().to_owned() });
        }
    }
    Err(Wrong {
        start: keys.keys().map(|name| start(name)).min().unwrap_or_default(),
        reason: error.message().to_owned(),
    })
}

/// Returns whether a profile has this key. Its name is that of the section.
fn is_key(name: &str) -> bool {
    name != "name" && keys().any(|key| key == name)
}

/// Returns the keys of a profile, without those in tables.
fn keys() -> impl Iterator<Item = &'static str> {
    Profile::KEYS.iter().map(|key| key.name().split(['.', '[']).next().unwrap_or_default())
}

fn unknown(name: &str) -> String {
    if name == "name" {
        return "the name of the section is the name of the provider; remove this member".to_owned();
    }
    let near = OWN
        .into_iter()
        .chain(keys())
        .map(|known| (strsim::normalized_damerau_levenshtein(name, known), known))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|one, other| one.0.total_cmp(&other.0));
    let name = name.escape_debug();
    match near {
        Some((_, known)) => format!("unknown member `{name}`; did you mean `{known}`?"),
        None => format!("unknown member `{name}`; it is neither one of tokenctl nor a key of a profile"),
    }
}

impl<'de> Deserialize<'de> for VariableName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = zeroize::Zeroizing::new(String::deserialize(deserializer)?);
        if is_variable(&text) { Ok(Self(text.to_string())) } else { Err(D::Error::custom(NO_VARIABLE)) }
    }
}

/// Returns whether shells accept the name of a variable: `[A-Za-z_][A-Za-z0-9_]*`.
pub(super) fn is_variable(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Names that are less alike are not taken for misspellings of each other.
const ALIKE: f64 = 0.6;

const OWN: [&str; 10] = [
    "client_id",
    "client_secret_file",
    "client_secret_env",
    "redirect_uri",
    "grant",
    "scope",
    "account",
    "profile",
    "variant",
    "inputs",
];

/// Members that exist only so that the error can say where a secret belongs.
const SECRETS: [&str; 3] = ["client_secret", "refresh_token", "access_token"];
