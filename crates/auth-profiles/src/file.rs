//! `ProfileFile`: a file with a provider's profile, its inputs, its environment and its examples.

use std::collections::BTreeMap;

use auth_layer::Profile;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::environment::Environment;
use crate::error::ProfileError;
use crate::example::Example;
use crate::input::Input;
use crate::template;

/// A file with a provider's profile, its inputs, its environment and its documented examples.
///
/// ```
/// use auth_profiles::ProfileFile;
///
/// let file = ProfileFile::read(
///     r#"
///     name = "acme"
///     token_url = "https://{tenant}.acme.example/token"
///     origins = ["https://{tenant}.acme.example"]
///
///     [inputs.tenant]
///     pattern = "[a-z0-9-]+"
///     variable = "ACME_TENANT"
///     example = "seven"
///     meaning = "the first label of your host at acme"
///     "#,
/// )?;
/// let profile = file.profile_with(|_| Some("blue".to_owned()))?;
/// assert_eq!(profile.token_url(), "https://blue.acme.example/token");
/// assert_eq!(
///     file.profile().unwrap_err().to_string(),
///     "ACME_TENANT: is not set; set it to the first label of your host at acme",
/// );
/// # Ok::<(), auth_profiles::ProfileError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ProfileFile {
    name: String,
    /// The keys of the profile, with names in braces.
    keys: Table,
    inputs: Vec<Input>,
    variants: BTreeMap<String, Table>,
    environment: Environment,
    examples: Vec<Example>,
}

impl ProfileFile {
    /// Reads a file. The profile and its variants are checked with the examples of the inputs.
    ///
    /// # Errors
    ///
    /// Returns [`ProfileError`] if the text is not TOML, has an unknown key, uses an input that it does not have, or
    /// describes a profile that is not valid.
    pub fn read(text: &str) -> Result<Self, ProfileError> {
        let keys: Table = toml::from_str(text).map_err(|error| ProfileError::syntax(text, &error))?;
        Self::of(keys)
    }

    fn of(mut keys: Table) -> Result<Self, ProfileError> {
        let inputs: BTreeMap<String, Input> = take(&mut keys, "inputs")?;
        let inputs =
            inputs.into_iter().map(|(name, input)| input.named(&name)).collect::<Result<Vec<_>, _>>()?;
        let variants: BTreeMap<String, Table> = take(&mut keys, "variant")?;
        let environment: Environment = take(&mut keys, "environment")?;
        let examples: Vec<Example> = take(&mut keys, "example")?;
        for (index, example) in examples.iter().enumerate() {
            if example.expected().is_none() {
                let problem = "states no result, or several; give it one of `token`, `error`, `rejected` (with \
                               `api`) and `authorize`";
                return Err(ProfileError::new(format!("example[{index}]"), problem));
            }
            if let Some(variant) = example.variant.as_ref().filter(|name| !variants.contains_key(*name)) {
                let problem = format!("there is no table [variant.{}]", variant.escape_debug());
                return Err(ProfileError::new(format!("example[{index}].variant"), problem));
            }
        }
        let name = keys.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let environment = environment.of(&name);
        let file = Self { name, keys, inputs, variants, environment, examples };
        file.check()?;
        Ok(file)
    }

    /// Returns an error if the profile or a variant is not valid, or if an input is not used.
    fn check(&self) -> Result<(), ProfileError> {
        let mut used = template::names(&self.keys);
        used.extend(self.variants.values().flat_map(template::names));
        if let Some(input) = self.inputs.iter().find(|input| !used.contains(input.name())) {
            let problem = format!("is not used; write {{{}}} into a text of the profile", input.name());
            return Err(ProfileError::new(format!("inputs.{}", input.name()), problem));
        }
        self.example_profile()?;
        for name in self.variants.keys() {
            let of_variant = |error: ProfileError| {
                ProfileError::new(format!("variant.{name}.{}", error.place()), error.problem())
            };
            self.with_keys_of(name).example_profile().map_err(of_variant)?;
        }
        Ok(())
    }

    /// Returns the profile with the inputs' examples, for tests.
    ///
    /// # Errors
    ///
    /// Never, for a file that was read.
    pub fn example_profile(&self) -> Result<Profile, ProfileError> {
        self.profile_with(|input| Some(input.example().to_owned()))
    }

    /// Returns the profile. Each input has its default.
    ///
    /// # Errors
    ///
    /// Returns [`ProfileError`] if an input has no default. The error names its environment variable.
    pub fn profile(&self) -> Result<Profile, ProfileError> {
        self.profile_with(|_| None)
    }

    /// Returns the profile with values for its inputs. An input without a value has its default.
    ///
    /// # Errors
    ///
    /// Returns [`ProfileError`] if an input has neither, or if a value does not match the pattern of its input.
    pub fn profile_with(&self, value: impl Fn(&Input) -> Option<String>) -> Result<Profile, ProfileError> {
        let keys = template::fill(&self.keys, &|name| {
            let Some(input) = self.inputs.iter().find(|input| input.name() == name) else { return Ok(None) };
            let value = value(input).filter(|value| !value.is_empty());
            let value =
                value.or_else(|| input.default().map(str::to_owned)).ok_or_else(|| input.missing())?;
            input.check(&value)?;
            Ok(Some(value))
        })?;
        Profile::deserialize(Value::Table(keys)).map_err(|error| ProfileError::new("", error.message()))
    }

    /// Returns the file with the keys of a variant in place of its own.
    ///
    /// # Errors
    ///
    /// Returns [`ProfileError`] if there is no such variant. The error lists those that there are.
    pub fn variant(&self, name: &str) -> Result<Self, ProfileError> {
        if self.variants.contains_key(name) {
            return Ok(self.with_keys_of(name));
        }
        let known = self.variants.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        let known = if known.is_empty() { "none".to_owned() } else { known };
        let problem = format!("is not a variant of {}; its variants: {known}", self.name);
        Err(ProfileError::new(format!("variant {}", name.escape_debug()), problem))
    }

    fn with_keys_of(&self, variant: &str) -> Self {
        let mut file = self.clone();
        let changes = self.variants.get(variant).into_iter().flatten();
        file.keys.extend(changes.map(|(key, value)| (key.clone(), value.clone())));
        file
    }

    /// Returns the file with some keys of the profile changed, as a section of a configuration file may do. A table
    /// among the changes replaces the whole table.
    ///
    /// # Errors
    ///
    /// Returns [`ProfileError`] if a key is unknown, or if the changed profile is not valid.
    pub fn with_changes<C: Serialize>(&self, changes: &C) -> Result<Self, ProfileError> {
        let changes = Table::try_from(changes).map_err(|error| ProfileError::new("", error.to_string()))?;
        let mut file = self.clone();
        file.keys.extend(changes);
        file.check()?;
        Ok(file)
    }

    /// Returns the provider's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the inputs.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// Returns the names of the variants.
    pub fn variants(&self) -> impl Iterator<Item = &str> {
        self.variants.keys().map(String::as_str)
    }

    /// Returns the environment variables of the provider's clients, and the part that a person plays.
    pub const fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Returns the documented examples.
    pub fn examples(&self) -> &[Example] {
        &self.examples
    }
}

/// Takes a table that is not part of the profile out of the file.
fn take<T: DeserializeOwned + Default>(keys: &mut Table, name: &str) -> Result<T, ProfileError> {
    match keys.remove(name) {
        Some(value) => T::deserialize(value).map_err(|error| ProfileError::new(name, error.message())),
        None => Ok(T::default()),
    }
}
