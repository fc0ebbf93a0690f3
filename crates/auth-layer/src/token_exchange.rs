//! `TokenExchange`: a token traded for another one.

use std::borrow::Cow;

use crate::config_error::ConfigError;
use crate::error::Error;
use crate::secret::Secret;
use crate::secret_source::SecretSource;
use crate::token::{Resource, TokenTypeId};

/// A token traded for another one (RFC 8693 section 2.1): for somebody (the subject), and, where somebody else acts for
/// them, by somebody (the actor).
///
/// A token and what kind it is go together. `Debug` shows no token.
///
/// ```
/// use auth_layer::{Grant, SecretSource, TokenExchange, TokenTypeId};
///
/// // As it comes: the token that a cluster writes into a file for each workload.
/// let workload = SecretSource::from_file("/var/run/secrets/tokens/workload");
/// let grant: Grant = TokenExchange::new(workload.clone(), TokenTypeId::JWT).into();
///
/// // With more said: what is wanted, for where, and who acts.
/// let acting = TokenExchange::new("a-person's-token", TokenTypeId::ACCESS_TOKEN)
///     .with_actor(workload, TokenTypeId::JWT)
///     .with_requested_token_type(TokenTypeId::ACCESS_TOKEN)
///     .with_audience("orders")
///     .with_resource("https://api.example.com/orders".parse()?);
/// # Ok::<(), auth_layer::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenExchange {
    subject: Party,
    actor: Option<Party>,
    requested_token_type: Option<TokenTypeId>,
    resources: Vec<Resource>,
    audiences: Vec<Cow<'static, str>>,
}

/// A token, and what kind it is: never one without the other.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Party {
    token: SecretSource,
    token_type: TokenTypeId,
}

impl TokenExchange {
    /// For whom a token is asked: a token of theirs, and what kind it is.
    pub fn new(subject_token: impl Into<SecretSource>, subject_token_type: TokenTypeId) -> Self {
        Self {
            subject: Party { token: subject_token.into(), token_type: subject_token_type },
            actor: None,
            requested_token_type: None,
            resources: Vec::new(),
            audiences: Vec::new(),
        }
    }

    /// Who acts for the subject: a token of theirs, and what kind it is.
    #[must_use]
    pub fn with_actor(mut self, actor_token: impl Into<SecretSource>, actor_token_type: TokenTypeId) -> Self {
        self.actor = Some(Party { token: actor_token.into(), token_type: actor_token_type });
        self
    }

    /// What kind of token is wanted. The server decides where nothing is said. Whatever it is, a layer can use it only
    /// as a Bearer token.
    #[must_use]
    pub fn with_requested_token_type(mut self, token_type: TokenTypeId) -> Self {
        self.requested_token_type = Some(token_type);
        self
    }

    /// One more resource that the token is for. Several can be sent in a form only.
    #[must_use]
    pub fn with_resource(mut self, resource: Resource) -> Self {
        self.resources.push(resource);
        self
    }

    /// One more audience that the token is for, as the issuer names it. Several can be sent in a form only.
    #[must_use]
    pub fn with_audience(mut self, audience: impl Into<Cow<'static, str>>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        for (party, who) in [(Some(&self.subject), "subject"), (self.actor.as_ref(), "actor")] {
            let Some(party) = party else { continue };
            party.token.check(format!("{who} token"))?;
            if party.token_type.as_str().is_empty() {
                return Err(ConfigError::new(format!("{who} token's type"), "is empty"));
            }
        }
        match self.open().into_iter().find(|(_, value)| value.is_empty()) {
            Some((name, _)) => Err(ConfigError::new(format!("token exchange's {name}"), "is empty")),
            None => Ok(()),
        }
    }

    pub(crate) fn parameter_names(&self) -> Vec<&'static str> {
        let mut names = vec!["subject_token", "subject_token_type"];
        names.extend(self.actor.iter().flat_map(|_| ["actor_token", "actor_token_type"]));
        names.extend(self.open().into_iter().map(|(name, _)| name));
        names.dedup();
        names
    }

    /// Whether a name comes more than once.
    pub(crate) const fn repeats(&self) -> bool {
        self.resources.len() > 1 || self.audiences.len() > 1
    }

    pub(crate) async fn parameters(&self, what: &'static str) -> Result<Vec<(&str, Secret)>, Error> {
        let subject = self.subject.token.read(what).await?;
        let subject_type = Secret::new(self.subject.token_type.as_str());
        let mut parameters = vec![("subject_token", subject), ("subject_token_type", subject_type)];
        if let Some(actor) = &self.actor {
            parameters.push(("actor_token", actor.token.read("the actor's token").await?));
            parameters.push(("actor_token_type", Secret::new(actor.token_type.as_str())));
        }
        parameters.extend(self.open().into_iter().map(|(name, value)| (name, Secret::new(value))));
        Ok(parameters)
    }

    pub(crate) fn has_fixed_secrets(&self) -> bool {
        [Some(&self.subject), self.actor.as_ref()]
            .into_iter()
            .flatten()
            .all(|party| party.token.fixed().is_some())
    }

    pub(crate) fn identity(&self) -> Vec<String> {
        let parties = [("subject", Some(&self.subject)), ("actor", self.actor.as_ref())];
        let parties = parties.into_iter().filter_map(|(who, party)| {
            party.map(|party| format!("{who}={} {}", party.token_type, party.token.identity()))
        });
        let mut open: Vec<String> =
            self.open().iter().map(|(name, value)| format!("{name}={value}")).collect();
        // The order in which places are named changes nothing.
        open.sort();
        parties.chain(open).collect()
    }

    /// The parameters that hold no token.
    fn open(&self) -> Vec<(&'static str, &str)> {
        let requested = self.requested_token_type.iter().map(|id| ("requested_token_type", id.as_str()));
        let resources = self.resources.iter().map(|resource| ("resource", resource.as_str()));
        let audiences = self.audiences.iter().map(|audience| ("audience", &**audience));
        requested.chain(resources).chain(audiences).collect()
    }
}
