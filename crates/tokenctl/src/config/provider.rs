//! `Provider`: one provider as it is configured.

use std::path::{Path, PathBuf};

use auth_layer::{ClientAuth, ConfigError, Credential, Encoding, Profile, ReplayRule, Scope, Secret};

use super::file;
use super::settings::beside;
use super::variable::variable;
use crate::failure::Failure;

/// One provider, by the environment, the file and what is known of it.
#[derive(Debug)]
pub(crate) struct Provider<'a> {
    name: &'a str,
    /// What the file says; `None` if it does not name it.
    shape: Option<&'a file::Provider>,
    /// The configuration file.
    path: &'a Path,
}

/// Where a client's secret comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SecretPlace {
    Variable(String),
    File(PathBuf),
    /// A public client has none.
    None,
    /// It is to be asked for.
    Nowhere,
}

impl<'a> Provider<'a> {
    /// A provider by its name and its section of the file.
    pub(super) fn new(
        name: &'a str,
        shape: Option<&'a file::Provider>,
        path: &'a Path,
    ) -> Result<Self, Failure> {
        let good = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if !good {
            let problem = format!("{}: [providers.{name}]: is no provider's name", path.display());
            return Err(Failure::config(problem).remedy("a name has small letters, digits and hyphens"));
        }
        if let (Some(shape), Some(_)) = (shape, Profile::named(name))
            && (shape.issuer.is_some()
                || shape.client_auth.is_some()
                || shape.encoding.is_some()
                || shape.replay.is_some())
        {
            let problem = format!(
                "{}: [providers.{name}]: issuer, client_auth, encoding and replay of {name} are known, and cannot be \
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

    /// The variable that says `what` of this provider, as the typed clients name it.
    pub(crate) fn variable_name(&self, what: &str) -> String {
        let what = match OTHER_NAMES.iter().find(|(name, usual, _)| *name == self.name && *usual == what) {
            Some((_, _, own)) => own,
            None => what,
        };
        format!("{}_{what}", self.name.to_ascii_uppercase().replace('-', "_"))
    }

    pub(crate) fn client_id(&self) -> Result<Option<String>, Failure> {
        self.setting("CLIENT_ID", |shape| shape.client_id.as_deref())
    }

    /// The client's id, which a command cannot do without.
    pub(crate) fn require_client_id(&self) -> Result<String, Failure> {
        self.client_id()?.ok_or_else(|| {
            let (name, variable) = (self.name, self.variable_name("CLIENT_ID"));
            Failure::config(format!("{name}: the client's id is not known")).remedy(format!(
                "set {variable}, or client_id in [providers.{name}] of {}",
                self.path.display()
            ))
        })
    }

    /// Which of a provider's sign-ins is meant.
    pub(crate) fn account(&self, flag: Option<&str>) -> Result<String, Failure> {
        Ok(self.named_account(flag)?.unwrap_or_else(|| "default".to_owned()))
    }

    /// The same, if anybody said.
    pub(crate) fn named_account(&self, flag: Option<&str>) -> Result<Option<String>, Failure> {
        match flag {
            Some(account) => Ok(Some(account.to_owned())),
            None => self.setting("ACCOUNT", |shape| shape.account.as_deref()),
        }
    }

    /// What to ask for at a sign-in.
    pub(crate) fn scope(&self, flag: Option<&str>) -> Result<Option<Scope>, Failure> {
        let text = match flag {
            Some(scope) => Some(scope.to_owned()),
            None => self.setting("SCOPE", |shape| shape.scope.as_deref())?,
        };
        Ok(text.map(|text| text.parse()).transpose()?)
    }

    /// Where the sign-in page sends the browser, if that is not to this machine.
    pub(crate) fn redirect_uri(&self) -> Option<&str> {
        self.shape.and_then(|shape| shape.redirect_uri.as_deref())
    }

    /// Where the client's secret is to be found.
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
            (None, Some(file)) => SecretPlace::File(beside(self.path, file)),
            (None, None) => SecretPlace::Nowhere,
        })
    }

    /// The client's id and secret. `ask` is how a person is asked for a secret that is nowhere.
    pub(crate) fn credential(
        &self,
        ask: impl FnOnce(&str) -> Result<Option<Secret>, Failure>,
    ) -> Result<Credential, Failure> {
        let id = self.require_client_id()?;
        match self.secret_place()? {
            SecretPlace::None => Ok(Credential::public(id)),
            SecretPlace::File(path) => Ok(Credential::from_file(id, path)),
            SecretPlace::Variable(name) => match variable(&name)? {
                Some(secret) => Ok(Credential::new(id, secret)),
                None => {
                    Err(Failure::config(format!("environment variable {name}: is not set")).remedy(format!(
                        "client_secret_env in [providers.{}] of {} names it",
                        self.name,
                        self.path.display()
                    )))
                }
            },
            SecretPlace::Nowhere => match ask(&id)? {
                Some(secret) => Ok(Credential::new(id, secret)),
                None => Err(self.no_secret()),
            },
        }
    }

    fn no_secret(&self) -> Failure {
        let (name, variable) = (self.name, self.variable_name("CLIENT_SECRET"));
        Failure::config(format!("{name}: the client's secret is not known")).remedy(format!(
            "set {variable}, or client_secret_file in [providers.{name}] of {}",
            self.path.display()
        ))
    }

    /// Whether the client may have tokens of its own, with no person behind them.
    pub(crate) fn takes_client_credentials(&self) -> bool {
        match self.shape.and_then(|shape| shape.grant) {
            Some(grant) => grant == file::Grant::ClientCredentials,
            None if Profile::named(self.name).is_some() => !FOR_PEOPLE_ONLY.contains(&self.name),
            None => !self.is_for_people(),
        }
    }

    /// Whether a person can sign in here at all.
    pub(crate) fn takes_sign_ins(&self) -> bool {
        let said = self.shape.and_then(|shape| shape.grant);
        said != Some(file::Grant::ClientCredentials) && self.is_for_people()
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
            // The issuer of a known provider is not asked for its metadata.
            set("AUTHORIZE_URL") || set("DEVICE_URL") || (known.is_none() && set("ISSUER"))
        };
        usual || self.shape.is_some_and(configured) || by_environment()
    }

    /// The server's issuer, if its metadata is to be read.
    fn issuer(&self) -> Result<Option<String>, Failure> {
        match Profile::named(self.name) {
            Some(_) => Ok(None),
            None => self.setting("ISSUER", |shape| shape.issuer.as_deref()),
        }
    }

    /// The provider's profile. One that is described by its issuer is asked for its metadata.
    pub(crate) async fn profile(&self) -> Result<Profile, Failure> {
        let token_url = self.setting("TOKEN_URL", |shape| shape.token_url.as_deref())?;
        let mut profile = match (Profile::named(self.name), self.issuer()?, &token_url) {
            (Some(known), _, _) => known,
            (None, Some(issuer), _) => {
                let auth = self.client_auth().unwrap_or(ClientAuth::Basic);
                super::metadata::profile(self.name, &issuer, auth).await?
            }
            (None, None, Some(token_url)) => {
                Profile::new(self.name.to_owned(), token_url).map_err(|error| self.config(&error))?
            }
            (None, None, None) => return Err(self.wrong("neither issuer nor token_url is set")),
        };
        let urls: [(&str, Url, With); 4] = [
            ("TOKEN_URL", |shape| shape.token_url.as_deref(), Profile::with_token_url),
            ("AUTHORIZE_URL", |shape| shape.authorize_url.as_deref(), Profile::with_authorize_url),
            ("DEVICE_URL", |shape| shape.device_url.as_deref(), Profile::with_device_url),
            ("REVOCATION_URL", |shape| shape.revocation_url.as_deref(), Profile::with_revocation_url),
        ];
        for (what, url, with) in urls {
            if let Some(url) = self.setting(what, url)? {
                profile = with(profile, &url).map_err(|error| self.config(&error))?;
            }
        }
        for url in self.shape.iter().flat_map(|shape| &shape.moved_from) {
            profile = profile.with_moved_from(url).map_err(|error| self.config(&error))?;
        }
        if let Some(auth) = self.client_auth() {
            profile = profile.with_client_auth(auth);
        }
        if let Some(rule) = self.replay_rule() {
            profile = profile.with_replay_rule(rule);
        }
        Ok(match self.shape.and_then(|shape| shape.encoding) {
            Some(file::Encoding::Form) => profile.with_encoding(Encoding::Form),
            Some(file::Encoding::Json) => profile.with_encoding(Encoding::Json),
            None => profile,
        })
    }

    /// How the client says who it is, if the file says.
    fn client_auth(&self) -> Option<ClientAuth> {
        Some(match self.shape?.client_auth? {
            file::ClientAuth::Basic => ClientAuth::Basic,
            file::ClientAuth::Body => ClientAuth::body(),
            file::ClientAuth::Public => ClientAuth::Public,
        })
    }

    /// What happens when a refresh token is sent twice, if the file says.
    fn replay_rule(&self) -> Option<ReplayRule> {
        Some(match self.shape?.replay? {
            file::Replay::KillsFamily => ReplayRule::KillsFamily,
            file::Replay::Reusable => ReplayRule::Reusable,
            file::Replay::Grace(grace) => ReplayRule::Grace(grace),
        })
    }

    /// The variable that tells a service of another token URL, if there is one.
    pub(crate) fn token_url_variable(&self) -> Result<Option<String>, Failure> {
        let url = self.setting("TOKEN_URL", |shape| shape.token_url.as_deref())?;
        Ok(url.map(|url| format!("{}={url}", self.variable_name("TOKEN_URL"))))
    }

    /// Whether there is a typed client that finds sign-ins by itself.
    pub(crate) fn has_typed_client(&self) -> bool {
        SIGN_INS_BY_ENVIRONMENT.contains(&self.name)
    }

    fn setting(
        &self,
        what: &str,
        of_file: impl FnOnce(&'a file::Provider) -> Option<&'a str>,
    ) -> Result<Option<String>, Failure> {
        let said = variable(&self.variable_name(what))?;
        Ok(said.or_else(|| self.shape.and_then(of_file).map(str::to_owned)))
    }

    fn config(&self, error: &ConfigError) -> Failure {
        Failure::config(format!("{}: {error}", self.name))
    }

    fn wrong(&self, problem: &str) -> Failure {
        Failure::config(format!("{}: [providers.{}]: {problem}", self.path.display(), self.name))
    }
}

type Url = for<'a> fn(&'a file::Provider) -> Option<&'a str>;
type With = fn(Profile, &str) -> Result<Profile, ConfigError>;

/// Providers whose own names are in the variables of their typed client: usual name, own name.
const OTHER_NAMES: [(&str, &str, &str); 2] =
    [("gotab", "CLIENT_ID", "ACCESS_ID"), ("gotab", "CLIENT_SECRET", "ACCESS_SECRET")];

/// Known providers that give a client no token of its own.
const FOR_PEOPLE_ONLY: [&str; 1] = ["goto"];

/// Providers whose typed client takes a sign-in from the store, as `Client::from_env()` reads the environment.
const SIGN_INS_BY_ENVIRONMENT: [&str; 2] = ["gotab", "goto"];

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use auth_layer::ReplayRule;

    use super::Provider;
    use super::file::File;

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
            assert_eq!(provider.profile().await.unwrap().replay_rule(), rule);
        }
    }
}
