//! The profile of a configured provider.

use auth_layer::{ClientAuth, ConfigError, Encoding, FileStore, Metadata, Profile, ReplayRule};

use super::provider::Provider;
use super::{file, metadata};
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
        let token_url = self.setting("TOKEN_URL", |shape| shape.token_url.as_deref())?;
        let (mut fetched, mut trouble) = (None, None);
        let mut profile = match (Profile::named(self.name()), self.issuer()?, &token_url) {
            (Some(known), _, _) => known,
            (None, Some(issuer), _) => {
                let found =
                    metadata::find(&issuer, store).await.map_err(|failure| self.no_metadata(failure))?;
                let auth = self.client_auth().unwrap_or(ClientAuth::Basic);
                let profile = Profile::new(self.name().to_owned(), found.metadata.token_url())?;
                let described = profile.with_client_auth(auth).with_metadata(&found.metadata);
                trouble = found.trouble;
                let profile = described.map_err(|error| match &trouble {
                    // The issuer may have changed since. The configuration is not to blame for an old copy.
                    Some(trouble) => {
                        let note = copy_note(trouble);
                        Failure::new(Kind::Trouble, format!("{}: {error}; {note}", self.name()))
                    }
                    None => self.config(&error).remedy(format!("check {}", self.member("client_auth"))),
                })?;
                fetched = Some(found.metadata).filter(|_| trouble.is_none());
                profile
            }
            (None, None, token_url) => {
                let token_url = token_url.as_deref().unwrap_or_default();
                Profile::new(self.name().to_owned(), token_url).map_err(|error| self.config(&error))?
            }
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
        for url in self.shape().iter().flat_map(|shape| &shape.moved_from) {
            profile = profile.with_moved_from(url).map_err(|error| self.config(&error))?;
        }
        if let Some(auth) = self.client_auth() {
            profile = profile.with_client_auth(auth);
        }
        if let Some(rule) = self.replay_rule() {
            profile = profile.with_replay_rule(rule);
        }
        let profile = match self.shape().and_then(|shape| shape.encoding) {
            Some(file::Encoding::Form) => profile.with_encoding(Encoding::Form),
            Some(file::Encoding::Json) => profile.with_encoding(Encoding::Json),
            None => profile,
        };
        Ok(Described { profile, fetched, trouble })
    }

    /// Returns an error if neither the issuer nor the token URL is known. Nothing is fetched.
    pub(crate) fn require_url(&self) -> Result<(), Failure> {
        let is_known = Profile::named(self.name()).is_some()
            || self.issuer()?.is_some()
            || self.setting("TOKEN_URL", |shape| shape.token_url.as_deref())?.is_some();
        if is_known {
            return Ok(());
        }
        let (issuer, token_url) = (self.variable_name("ISSUER"), self.variable_name("TOKEN_URL"));
        Err(self
            .wrong("neither issuer nor token_url is set")
            .remedy(format!("set one of them there, or {issuer} or {token_url} in the environment")))
    }

    /// Returns the issuer whose metadata is read. The profiles of known providers have everything.
    fn issuer(&self) -> Result<Option<String>, Failure> {
        match Profile::named(self.name()) {
            Some(_) => Ok(None),
            None => self.setting("ISSUER", |shape| shape.issuer.as_deref()),
        }
    }

    fn no_metadata(&self, failure: Failure) -> Failure {
        let failure = failure.about(self.name());
        // Trouble that may pass has advice of its own.
        if failure.kind() != Kind::Config {
            return failure;
        }
        let place = self.place("ISSUER", "issuer", |shape| shape.issuer.is_some());
        failure.remedy(format!("check the issuer ({place}); or set token_url and authorize_url in its place"))
    }

    /// Returns how the client authenticates, if the file says so.
    fn client_auth(&self) -> Option<ClientAuth> {
        Some(match self.shape()?.client_auth? {
            file::ClientAuth::Basic => ClientAuth::Basic,
            file::ClientAuth::Body => ClientAuth::body(),
            file::ClientAuth::Public => ClientAuth::Public,
        })
    }

    /// Returns what happens when a refresh token is sent twice, if the file says so.
    fn replay_rule(&self) -> Option<ReplayRule> {
        Some(match self.shape()?.replay? {
            file::Replay::KillsFamily => ReplayRule::KillsFamily,
            file::Replay::Reusable => ReplayRule::Reusable,
            file::Replay::Grace(grace) => ReplayRule::Grace(grace),
        })
    }

    fn config(&self, error: &ConfigError) -> Failure {
        Failure::config(format!("{}: {error}", self.name()))
    }
}

type Url = for<'a> fn(&'a file::Provider) -> Option<&'a str>;
type With = fn(Profile, &str) -> Result<Profile, ConfigError>;

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
            assert_eq!(provider.profile(None).await.unwrap().profile.replay_rule(), rule);
        }
    }
}
