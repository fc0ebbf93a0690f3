//! `Provider`: one provider as it is configured.

use std::path::{Path, PathBuf};

use auth_layer::{ClientAuth, Credential, Scope, Secret};
use auth_profiles::{Person, ProfileFile};

use super::home::beside;
use super::member::{self, Grant};
use super::variable::{secret, variable};
use crate::failure::Failure;

/// One provider: its settings in the environment and in the file, and what this program knows about it.
#[derive(Debug)]
pub(crate) struct Provider<'a> {
    name: &'a str,
    /// The provider's section of the file; `None` if the file has no such section.
    shape: Option<&'a member::Provider>,
    /// The configuration file.
    path: &'a Path,
    /// The file with the provider's profile, if it is a known one or the section names one. It has the keys of the
    /// section's variant.
    known: Option<ProfileFile>,
}

/// The place where a client's secret comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SecretPlace {
    Variable(String),
    File(PathBuf),
    /// A public client has no secret.
    None,
    /// The secret is not configured, so a person has to be asked for it.
    Nowhere,
}

impl<'a> Provider<'a> {
    /// Makes a provider of its name and its section of the file.
    pub(super) fn new(
        name: &'a str,
        shape: Option<&'a member::Provider>,
        path: &'a Path,
    ) -> Result<Self, Failure> {
        let good = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if !good {
            let problem = format!("{}: [providers.{name}]: is not a valid provider name", path.display());
            return Err(Failure::config(problem).remedy("use lower-case letters, digits and hyphens"));
        }
        let known =
            match (profile_file(name, shape, path)?, shape.and_then(|shape| shape.own.variant.as_deref())) {
                (Some(known), Some(variant)) => Some(known.variant(variant).map_err(|error| {
                    Failure::config(format!("{}: [providers.{name}]: {error}", path.display()))
                })?),
                (known, _) => known,
            };
        Ok(Self { name, shape, path, known })
    }

    pub(crate) const fn name(&self) -> &'a str {
        self.name
    }

    pub(super) const fn path(&self) -> &'a Path {
        self.path
    }

    pub(super) const fn shape(&self) -> Option<&'a member::Provider> {
        self.shape
    }

    /// Returns the file with the provider's profile, if there is one.
    pub(super) const fn known(&self) -> Option<&ProfileFile> {
        self.known.as_ref()
    }

    /// Returns whether the provider's profile is in a file.
    pub(crate) const fn is_known(&self) -> bool {
        self.known.is_some()
    }

    /// Returns the name of an environment variable of this provider. The typed clients use the same names.
    pub(crate) fn variable_name(&self, what: &str) -> String {
        match &self.known {
            // A section with another name is another client of the provider, and has variables of its own.
            Some(known) if known.name() == self.name => known.environment().variable(what),
            _ => format!("{}_{what}", self.name.to_ascii_uppercase().replace('-', "_")),
        }
    }

    /// Returns where a setting comes from, or where it can be set: a variable, or a member of the file.
    pub(crate) fn place(
        &self,
        what: &str,
        member: &str,
        is_in: impl FnOnce(&member::Provider) -> bool,
    ) -> String {
        let variable = self.variable_name(what);
        if std::env::var_os(&variable).is_none() && self.shape.is_some_and(is_in) {
            self.member(member)
        } else {
            variable
        }
    }

    /// Names a member of the provider's section.
    pub(crate) fn member(&self, member: &str) -> String {
        format!("{member} in [providers.{}] of {}", self.name, self.path.display())
    }

    pub(crate) fn id_place(&self) -> String {
        self.place("CLIENT_ID", "client_id", |shape| shape.own.client_id.is_some())
    }

    pub(crate) fn scope_place(&self) -> String {
        self.place("SCOPE", "scope", |shape| shape.own.scope.is_some())
    }

    pub(crate) fn client_id(&self) -> Result<Option<String>, Failure> {
        self.setting("CLIENT_ID", |shape| shape.own.client_id.as_deref())
    }

    /// Returns the client's id, or an error if it is not configured.
    pub(crate) fn require_client_id(&self) -> Result<String, Failure> {
        self.client_id()?.ok_or_else(|| {
            let variable = self.variable_name("CLIENT_ID");
            Failure::config(format!("{}: the client's id is not known", self.name))
                .remedy(format!("set {variable}, or {}", self.member("client_id")))
        })
    }

    /// Returns the account that is meant. Without a flag or a setting it is `default`.
    pub(crate) fn account(&self, flag: Option<&str>) -> Result<String, Failure> {
        Ok(self.named_account(flag)?.unwrap_or_else(|| "default".to_owned()))
    }

    /// Returns the account of the flag or of the settings, if there is one.
    pub(crate) fn named_account(&self, flag: Option<&str>) -> Result<Option<String>, Failure> {
        let account = match flag {
            Some(account) => Some(account.to_owned()),
            None => self.setting("ACCOUNT", |shape| shape.own.account.as_deref())?,
        };
        // Names are printed, also in commands to paste. A control character could change the terminal or the command.
        if account.as_ref().is_some_and(|account| account.contains(char::is_control)) {
            return Err(Failure::config(format!(
                "{}: the account's name has a control character",
                self.name
            ))
            .remedy(format!(
                "change it (--account, {}, or {})",
                self.variable_name("ACCOUNT"),
                self.member("account")
            )));
        }
        Ok(account)
    }

    /// Returns the scope to ask for at a sign-in.
    pub(crate) fn scope(&self, flag: Option<&str>) -> Result<Option<Scope>, Failure> {
        let text = match flag {
            Some(scope) => Some(scope.to_owned()),
            None => self.setting("SCOPE", |shape| shape.own.scope.as_deref())?,
        };
        Ok(text.map(|text| text.parse()).transpose()?)
    }

    /// Returns the configured redirect URI. Without one, the browser comes back to this machine.
    pub(crate) fn redirect_uri(&self) -> Option<&str> {
        self.shape.and_then(|shape| shape.own.redirect_uri.as_deref())
    }

    /// Returns where the client's secret is.
    pub(crate) fn secret_place(&self) -> Result<SecretPlace, Failure> {
        if self.is_public() {
            return Ok(SecretPlace::None);
        }
        let usual = self.variable_name("CLIENT_SECRET");
        if variable(&usual)?.is_some() {
            return Ok(SecretPlace::Variable(usual));
        }
        let Some(shape) = self.shape else {
            return Ok(SecretPlace::Nowhere);
        };
        Ok(match (&shape.own.client_secret_env, &shape.own.client_secret_file) {
            (Some(_), Some(_)) => {
                let problem = "client_secret_env and client_secret_file cannot both be set";
                return Err(self.wrong(problem));
            }
            (Some(name), None) => SecretPlace::Variable(name.0.clone()),
            (None, Some(file)) => SecretPlace::File(beside("client_secret_file", self.path, file)?),
            (None, None) => SecretPlace::Nowhere,
        })
    }

    /// Returns whether the client has no secret, by its section or by its profile.
    fn is_public(&self) -> bool {
        match self.shape.and_then(|shape| shape.keys.get("client_auth")) {
            Some(client_auth) => client_auth.as_str() == Some("public"),
            None => self.known.as_ref().is_some_and(|known| {
                known.example_profile().is_ok_and(|profile| *profile.client_auth() == ClientAuth::Public)
            }),
        }
    }

    /// Returns the client's id and secret. `ask` asks a person for a secret that is not configured.
    pub(crate) fn credential(
        &self,
        ask: impl FnOnce(&str) -> Result<Option<Secret>, Failure>,
    ) -> Result<Credential, Failure> {
        let id = self.require_client_id()?;
        match self.secret_place()? {
            SecretPlace::None => Ok(Credential::public(id)),
            SecretPlace::File(path) => Ok(Credential::from_file(id, path)),
            SecretPlace::Variable(name) => match secret(&name)? {
                Some(secret) => Ok(Credential::new(id, secret)),
                None => Err(Failure::config(format!("environment variable {name}: is not set"))
                    .remedy(format!("set it, or change {}", self.member("client_secret_env")))),
            },
            SecretPlace::Nowhere => match ask(&id)? {
                Some(secret) => Ok(Credential::new(id, secret)),
                None => Err(self.no_secret()),
            },
        }
    }

    fn no_secret(&self) -> Failure {
        let variable = self.variable_name("CLIENT_SECRET");
        Failure::config(format!("{}: the client's secret is not known", self.name))
            .remedy(format!("set {variable}, or {}", self.member("client_secret_file")))
    }

    /// Returns whether the client may have tokens of its own, without a person's sign-in.
    pub(crate) fn takes_client_credentials(&self) -> bool {
        match self.shape.and_then(|shape| shape.own.grant) {
            Some(grant) => grant == Grant::ClientCredentials,
            None => match &self.known {
                Some(known) => known.environment().person() != Person::Required,
                None => !self.is_for_people(),
            },
        }
    }

    /// Returns whether a person can sign in at this provider.
    pub(crate) fn takes_sign_ins(&self) -> bool {
        !self.is_configured_for_client_credentials() && self.is_for_people()
    }

    /// Returns whether the configuration says that no person signs in.
    pub(crate) fn is_configured_for_client_credentials(&self) -> bool {
        self.shape.and_then(|shape| shape.own.grant) == Some(Grant::ClientCredentials)
    }

    fn is_for_people(&self) -> bool {
        let usual = self.known.as_ref().is_some_and(|known| {
            known.environment().person() != Person::Never
                && known
                    .example_profile()
                    .is_ok_and(|profile| profile.authorize_url().is_some() || profile.device_url().is_some())
        });
        let configured = |shape: &member::Provider| {
            ["issuer", "authorize_url", "device_url"].iter().any(|key| shape.keys.contains_key(*key))
        };
        let by_environment = || {
            let set = |what| std::env::var_os(self.variable_name(what)).is_some();
            // The metadata of a known provider is not read, so its issuer does not count.
            set("AUTHORIZE_URL") || set("DEVICE_URL") || (self.known.is_none() && set("ISSUER"))
        };
        usual || self.shape.is_some_and(configured) || by_environment()
    }

    /// Returns the token URL of the environment or the file, which a service needs as well.
    pub(crate) fn own_token_url(&self) -> Result<Option<String>, Failure> {
        self.setting("TOKEN_URL", |shape| shape.key("token_url"))
    }

    /// Returns the variables of this provider that name other URLs, such as `GOTO_ADMIN_URL`. Without them, a service
    /// would send the tokens of a test server to the real API.
    pub(crate) fn api_urls(&self) -> Vec<(String, String)> {
        let prefix = self.variable_name("");
        let others = OTHER_URLS.map(|what| self.variable_name(what));
        let is_api = |name: &str| {
            name.starts_with(&prefix) && name.ends_with("_URL") && !others.iter().any(|other| other == name)
        };
        let mut found: Vec<_> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, value)| is_api(name) && !value.is_empty())
            .collect();
        found.sort();
        found
    }

    /// Returns whether there is a typed client that finds sign-ins by itself.
    pub(crate) fn has_typed_client(&self) -> bool {
        self.known.as_ref().is_some_and(|known| known.name() == self.name && known.environment().has_client())
    }

    pub(super) fn setting(
        &self,
        what: &str,
        of_file: impl FnOnce(&'a member::Provider) -> Option<&'a str>,
    ) -> Result<Option<String>, Failure> {
        let value = variable(&self.variable_name(what))?;
        Ok(value.or_else(|| self.shape.and_then(of_file).map(str::to_owned)))
    }

    pub(super) fn wrong(&self, problem: &str) -> Failure {
        Failure::config(format!("{}: [providers.{}]: {problem}", self.path.display(), self.name))
    }
}

/// The URLs of a provider that are not the base URL of an API.
const OTHER_URLS: [&str; 4] = ["TOKEN_URL", "AUTHORIZE_URL", "DEVICE_URL", "REVOCATION_URL"];

/// Returns the file with the profile of a provider: the one that the section names, or the known one of this name.
fn profile_file(
    name: &str,
    shape: Option<&member::Provider>,
    path: &Path,
) -> Result<Option<ProfileFile>, Failure> {
    let Some(wanted) = shape.and_then(|shape| shape.own.profile.as_deref()) else {
        return Ok(auth_profiles::named(name));
    };
    let place = format!("{}: [providers.{name}]: profile", path.display());
    // A path has a slash or ends with `.toml`. Any other text is a name.
    if !wanted.contains(['/', '\\']) && !wanted.ends_with(".toml") {
        return match auth_profiles::named(wanted) {
            Some(known) => Ok(Some(known)),
            None => Err(Failure::config(format!("{place}: there is no known profile of this name")).remedy(
                format!(
                    "use one of {}, or the path of a file such as ./acme.toml",
                    auth_profiles::names().join(", ")
                ),
            )),
        };
    }
    let file = beside("profile", path, Path::new(wanted))?;
    let text = std::fs::read_to_string(&file).map_err(|error| {
        Failure::config(format!("{place}: {} cannot be read", file.display())).because(error)
    })?;
    let known = ProfileFile::read(&text).map_err(|error| {
        Failure::config(format!("{}: {error}", file.display())).remedy("correct the profile")
    })?;
    Ok(Some(known))
}
