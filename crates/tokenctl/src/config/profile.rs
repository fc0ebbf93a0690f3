//! The profile of a configured provider.

use std::collections::BTreeMap;

use auth_layer::{ConfigError, FileStore, Metadata, Profile};
use auth_profiles::{Input, ProfileError, ProfileFile};
use serde::Deserialize;
use toml::{Table, Value};

use super::metadata;
use super::provider::Provider;
use super::variable::variable;
use crate::failure::{Failure, Kind};

/// A provider's profile, and where its metadata came from.
#[derive(Debug)]
pub(crate) struct Described {
    pub(crate) profile: Profile,
    /// The issuer's metadata, if it has been fetched.
    fetched: Option<Metadata>,
    /// Why the issuer could not be asked, so that a copy of its metadata is used.
    pub(crate) trouble: Option<Failure>,
}

impl Described {
    /// Keeps a copy of the metadata in the store's folder, which a sign-in has made by now.
    pub(crate) async fn keep_metadata(&self, store: &FileStore) {
        if let Some(fetched) = &self.fetched {
            metadata::keep(fetched, Some(store)).await;
        }
    }

    /// Returns a sentence about the copy, if one is used.
    pub(crate) fn note(&self) -> Option<String> {
        self.trouble.as_ref().map(copy_note)
    }
}

fn copy_note(trouble: &Failure) -> String {
    format!("the metadata is a copy from the store's folder, because {trouble}")
}

impl Provider<'_> {
    /// Returns the provider's profile. The metadata of an issuer is fetched; `store` has the copy.
    pub(crate) async fn profile(&self, store: Option<&FileStore>) -> Result<Described, Failure> {
        self.require_url()?;
        let (mut fetched, mut trouble) = (None, None);
        let changes = self.changes()?;
        let profile = match (self.known(), self.issuer()?) {
            (Some(known), _) => self.of_a_file(known, &changes)?,
            (None, Some(issuer)) => {
                let found =
                    metadata::find(&issuer, store).await.map_err(|failure| self.no_metadata(failure))?;
                trouble = found.trouble;
                let described = self.of_metadata(&found.metadata);
                let described = described.map_err(|error| match &trouble {
                    // The issuer may have changed since. The configuration is not to blame for an old copy.
                    Some(trouble) => {
                        let note = copy_note(trouble);
                        Failure::new(Kind::Trouble, format!("{}: {error}; {note}", self.name()))
                    }
                    None => self.config(&error).remedy(format!("check {}", self.member("client_auth"))),
                })?;
                fetched = Some(found.metadata).filter(|_| trouble.is_none());
                let mut keys = Table::try_from(&described).map_err(|error| self.wrong(&error.to_string()))?;
                keys.extend(changes);
                self.of_keys(keys)?
            }
            (None, None) => self.of_keys(changes)?,
        };
        Ok(Described { profile, fetched, trouble })
    }

    /// Returns the profile of a file, with the changes of the configuration and the values of its inputs.
    fn of_a_file(&self, known: &ProfileFile, changes: &Table) -> Result<Profile, Failure> {
        let refuse = |error: ProfileError| self.wrong(&error.to_string());
        let mut values = BTreeMap::new();
        for input in known.inputs() {
            let of_file = || self.shape().and_then(|shape| shape.own.inputs.get(input.name()).cloned());
            if let Some(value) = variable(input.variable())?.or_else(of_file) {
                values.insert(input.name().to_owned(), value);
            }
        }
        let given = self.shape().into_iter().flat_map(|shape| shape.own.inputs.keys());
        for name in given {
            if !known.inputs().iter().any(|input| input.name() == name) {
                let names: Vec<&str> = known.inputs().iter().map(Input::name).collect();
                let problem = format!("{name} is not an input of the profile");
                return Err(self.wrong(&problem).remedy(format!("its inputs: {}", names.join(", "))));
            }
        }
        let changed = known.with_changes(changes).map_err(refuse)?;
        changed.profile_with(|input| values.get(input.name()).cloned()).map_err(|error| {
            let input = known.inputs().iter().find(|input| input.variable() == error.place());
            let failure = Failure::config(format!("{}: {error}", self.name()));
            match input {
                Some(input) => failure.remedy(format!(
                    "set {} in the environment, or {} in [providers.{}.inputs] of {}",
                    input.variable(),
                    input.name(),
                    self.name(),
                    self.path().display()
                )),
                None => failure,
            }
        })
    }

    /// Returns the profile of an issuer's metadata. The way in which the client authenticates decides which one of the
    /// issuer's methods is used.
    fn of_metadata(&self, metadata: &Metadata) -> Result<Profile, ConfigError> {
        let mut keys = Table::new();
        keys.insert("name".to_owned(), self.name().into());
        keys.insert("token_url".to_owned(), metadata.token_url().into());
        let client_auth = self.shape().and_then(|shape| shape.keys.get("client_auth"));
        keys.extend(client_auth.map(|client_auth| ("client_auth".to_owned(), client_auth.clone())));
        let profile = Profile::deserialize(Value::Table(keys))
            .map_err(|error| ConfigError::new("metadata", error.message().to_owned()))?;
        profile.with_metadata(metadata)
    }

    fn of_keys(&self, keys: Table) -> Result<Profile, Failure> {
        Profile::deserialize(Value::Table(keys)).map_err(|error| self.wrong(error.message()))
    }

    /// Returns the keys of the profile that the configuration changes: those of the file, and the URLs in the
    /// environment, which take precedence. The name of the section is the name of the provider.
    fn changes(&self) -> Result<Table, Failure> {
        let mut keys = self.shape().map(|shape| shape.keys.clone()).unwrap_or_default();
        keys.insert("name".to_owned(), self.name().into());
        for key in ["token_url", "authorize_url", "device_url", "revocation_url"] {
            if let Some(url) = variable(&self.variable_name(&key.to_ascii_uppercase()))? {
                keys.insert(key.to_owned(), url.into());
            }
        }
        Ok(keys)
    }

    /// Returns an error if neither the issuer nor the token URL is known. Nothing is fetched.
    pub(crate) fn require_url(&self) -> Result<(), Failure> {
        let is_known = self.is_known()
            || self.issuer()?.is_some()
            || self.setting("TOKEN_URL", |shape| shape.key("token_url"))?.is_some();
        if is_known {
            return Ok(());
        }
        let (issuer, token_url) = (self.variable_name("ISSUER"), self.variable_name("TOKEN_URL"));
        Err(self
            .wrong("neither issuer nor token_url is set")
            .remedy(format!("set one of them there, or {issuer} or {token_url} in the environment")))
    }

    /// Returns the issuer whose metadata is read. The profile of a file has everything.
    fn issuer(&self) -> Result<Option<String>, Failure> {
        if self.is_known() { Ok(None) } else { self.setting("ISSUER", |shape| shape.key("issuer")) }
    }

    fn no_metadata(&self, failure: Failure) -> Failure {
        let failure = failure.about(self.name());
        // Trouble that may pass has advice of its own.
        if failure.kind() != Kind::Config {
            return failure;
        }
        let place = self.place("ISSUER", "issuer", |shape| shape.keys.contains_key("issuer"));
        failure.remedy(format!("check the issuer ({place}); or set token_url and authorize_url in its place"))
    }

    fn config(&self, error: &ConfigError) -> Failure {
        Failure::config(format!("{}: {error}", self.name()))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use auth_layer::ReplayRule;

    use super::Provider;
    use crate::config::file::File;

    #[tokio::test]
    async fn a_replay_rule_is_part_of_the_profile() {
        let rules = [
            ("replay = \"kills-family\"", ReplayRule::KillsFamily),
            ("replay = \"reusable\"", ReplayRule::Reusable),
            ("replay = \"grace:30s\"", ReplayRule::Grace(Duration::from_secs(30))),
            ("", ReplayRule::Unknown),
        ];
        for (line, rule) in rules {
            let path = Path::new("config.toml");
            let text = format!("[providers.acme]\ntoken_url = \"https://acme.example/token\"\n{line}\n");
            let file = File::parse(path, &text).unwrap();
            let provider = Provider::new("acme", file.providers.get("acme"), path).unwrap();
            assert_eq!(provider.profile(None).await.unwrap().profile.replay_rule(), rule);
        }
    }
}
