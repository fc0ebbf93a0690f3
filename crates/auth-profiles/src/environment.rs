//! `Environment`: the environment variables of a provider's clients, and the part that a person plays.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The environment variables of a provider's clients, and the part that a person plays.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Environment {
    prefix: Option<String>,
    names: BTreeMap<String, String>,
    person: Person,
    client: bool,
    remedy: Option<String>,
    /// The provider's name.
    #[serde(skip)]
    provider: String,
}

/// The part that a person plays in getting a token.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "a file that states another part cannot be read by this version")]
pub enum Person {
    /// Every token needs a person who has signed in.
    Required,
    /// A client may get tokens of its own, and may act for a person who has signed in.
    #[default]
    Optional,
    /// A client gets tokens of its own only.
    Never,
}

impl Environment {
    pub(crate) fn of(mut self, provider: &str) -> Self {
        provider.clone_into(&mut self.provider);
        self
    }

    /// Returns the name of a variable: the provider's prefix and `what`, such as `CLIENT_ID`, unless the provider has
    /// another name for it.
    pub fn variable(&self, what: &str) -> String {
        let what = self.names.get(what).map_or(what, String::as_str);
        match &self.prefix {
            Some(prefix) => format!("{prefix}_{what}"),
            None => format!("{}_{what}", self.provider.to_ascii_uppercase().replace('-', "_")),
        }
    }

    /// Returns the part that a person plays.
    pub const fn person(&self) -> Person {
        self.person
    }

    /// Returns whether there is a typed client that reads these variables.
    pub const fn has_client(&self) -> bool {
        self.client
    }

    /// Returns the sentence that says what to do when a person has to sign in again.
    pub fn remedy(&self) -> String {
        self.remedy.clone().unwrap_or_else(|| format!("run `tokenctl login {}`", self.provider))
    }
}
