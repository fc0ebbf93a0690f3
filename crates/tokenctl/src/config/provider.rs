//! `Provider`: one provider as it is configured.

use std::path::{Path, PathBuf};

use auth_layer::{Credential, Profile, Scope, Secret};

use super::file;
use super::home::beside;
use super::variable::{secret, variable};
use crate::failure::Failure;

/// One provider: its settings in the environment and in the file, and what this program knows about it.
#[derive(Debug)]
pub(crate) struct Provider<'a> {
    name: &'a str,
    /// The provider's section of the file; `None` if the file has no such section.
    shape: Option<&'a file::Provider>,
    /// The configuration file.
    path: &'a Path,
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
        shape: Option<&'a file::Provider>,
        path: &'a Path,
    ) -> Result<Self, Failure> {
        let good = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if !good {
            let problem = format!("{}: [providers.{name}]: is not a valid provider name", path.display());
            return Err(Failure::config(problem).remedy("use lower-case letters, digits and hyphens"));
        }
        if let (Some(shape), Some(_)) = (shape, Profile::named(name))
            && (shape.issuer.is_some()
                || shape.client_auth.is_some()
                || shape.encoding.is_some()
                || shape.replay.is_some())
        {
            let problem = format!(
                "{}: [providers.{name}]: issuer, client_auth, encoding and replay of {name} are built in and cannot be \
                 changed",
                path.display()
            );
            return Err(Failure::config(problem).remedy("leave them out, or give the provider another name"));
        }
        Ok(Self { name, shape, path })
    }

    pub(crate) const fn name(&self) -> &'a str {
        self.name
    }

    pub(super) const fn shape(&self) -> Option<&'a file::Provider> {
        self.shape
    }

    /// Returns the name of an environment variable of this provider. The typed clients use the same names.
    pub(crate) fn variable_name(&self, what: &str) -> String {
        let what = match OTHER_NAMES.iter().find(|(name, usual, _)| *name == self.name && *usual == what) {
            Some((_, _, own)) => own,
            None => what,
        };
        format!("{}_{what}", self.name.to_ascii_uppercase().replace('-', "_"))
    }

    /// Returns where a setting comes from, or where it can be set: a variable, or a member of the file.
    pub(crate) fn place(
        &self,
        what: &str,
        member: &str,
        is_in: impl FnOnce(&file::Provider) -> bool,
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
        self.place("CLIENT_ID", "client_id", |shape| shape.client_id.is_some())
    }

    pub(crate) fn scope_place(&self) -> String {
        self.place("SCOPE", "scope", |shape| shape.scope.is_some())
    }

    pub(crate) fn client_id(&self) -> Result<Option<String>, Failure> {
        self.setting("CLIENT_ID", |shape| shape.client_id.as_deref())
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
            None => self.setting("ACCOUNT", |shape| shape.account.as_deref())?,
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
            None => self.setting("SCOPE", |shape| shape.scope.as_deref())?,
        };
        Ok(text.map(|text| text.parse()).transpose()?)
    }

    /// Returns the configured redirect URI. Without one, the browser comes back to this machine.
    pub(crate) fn redirect_uri(&self) -> Option<&str> {
        self.shape.and_then(|shape| shape.redirect_uri.as_deref())
    }

    /// Returns where the client's secret is.
    pub(crate) fn secret_place(&self) -> Result<SecretPlace, Failure> {
        if self.shape.is_some_and(|shape| shape.client_auth == Some(file::ClientAuth::Public)) {
            return Ok(SecretPlace::None);
        }
        let usual = self.variable_name("CLIENT_SECRET");
        if variable(&usual)?.is_some() {
            return Ok(SecretPlace::Variable(usual));
        }
        let Some(shape) = self.shape else {
            return Ok(SecretPlace::Nowhere);
        };
        Ok(match (&shape.client_secret_env, &shape.client_secret_file) {
            (Some(_), Some(_)) => {
                let problem = "client_secret_env and client_secret_file cannot both be set";
                return Err(self.wrong(problem));
            }
            (Some(name), None) => SecretPlace::Variable(name.0.clone()),
            (None, Some(file)) => SecretPlace::File(beside("client_secret_file", self.path, file)?),
            (None, None) => SecretPlace::Nowhere,
        })
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
        match self.shape.and_then(|shape| shape.grant) {
            Some(grant) => grant == file::Grant::ClientCredentials,
            None if Profile::named(self.name).is_some() => !FOR_PEOPLE_ONLY.contains(&self.name),
            None => !self.is_for_people(),
        }
    }

    /// Returns whether a person can sign in at this provider.
    pub(crate) fn takes_sign_ins(&self) -> bool {
        !self.is_configured_for_client_credentials() && self.is_for_people()
    }

    /// Returns whether the configuration says that no person signs in.
    pub(crate) fn is_configured_for_client_credentials(&self) -> bool {
        self.shape.and_then(|shape| shape.grant) == Some(file::Grant::ClientCredentials)
    }

    fn is_for_people(&self) -> bool {
        let known = Profile::named(self.name);
        let usual = known
            .as_ref()
            .is_some_and(|known| known.authorize_url().is_some() || known.device_url().is_some());
        let configured = |shape: &file::Provider| {
            shape.issuer.is_some() || shape.authorize_url.is_some() || shape.device_url.is_some()
        };
        let by_environment = || {
            let set = |what| std::env::var_os(self.variable_name(what)).is_some();
            // The metadata of a known provider is not read, so its issuer does not count.
            set("AUTHORIZE_URL") || set("DEVICE_URL") || (known.is_none() && set("ISSUER"))
        };
        usual || self.shape.is_some_and(configured) || by_environment()
    }

    /// Returns the token URL of the environment or the file, which a service needs as well.
    pub(crate) fn own_token_url(&self) -> Result<Option<String>, Failure> {
        self.setting("TOKEN_URL", |shape| shape.token_url.as_deref())
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
        SIGN_INS_BY_ENVIRONMENT.contains(&self.name)
    }

    pub(super) fn setting(
        &self,
        what: &str,
        of_file: impl FnOnce(&'a file::Provider) -> Option<&'a str>,
    ) -> Result<Option<String>, Failure> {
        let value = variable(&self.variable_name(what))?;
        Ok(value.or_else(|| self.shape.and_then(of_file).map(str::to_owned)))
    }

    pub(super) fn wrong(&self, problem: &str) -> Failure {
        Failure::config(format!("{}: [providers.{}]: {problem}", self.path.display(), self.name))
    }
}

/// Providers that have names of their own for some variables: provider, usual name, own name.
const OTHER_NAMES: [(&str, &str, &str); 2] =
    [("gotab", "CLIENT_ID", "ACCESS_ID"), ("gotab", "CLIENT_SECRET", "ACCESS_SECRET")];

/// The URLs of a provider that are not the base URL of an API.
const OTHER_URLS: [&str; 4] = ["TOKEN_URL", "AUTHORIZE_URL", "DEVICE_URL", "REVOCATION_URL"];

/// Known providers that give tokens to people only.
const FOR_PEOPLE_ONLY: [&str; 1] = ["goto"];

/// Providers whose typed client takes a sign-in from the store when it is made by `Client::from_env()`.
const SIGN_INS_BY_ENVIRONMENT: [&str; 2] = ["gotab", "goto"];
