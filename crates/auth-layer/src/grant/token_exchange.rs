//! `TokenExchange`: a token that is exchanged for another one.

use std::borrow::Cow;

use crate::error::{ConfigError, Error};
use crate::secret::{Secret, SecretSource};
use crate::token::{Resource, TokenTypeId};

/// A token that is exchanged for another one (RFC 8693 section 2.1). The new token is for the subject. If another party
/// acts for the subject, that party is the actor.
///
/// `Debug` shows no token.
///
/// ```
/// use auth_layer::grant::TokenExchange;
/// use auth_layer::token::TokenTypeId;
/// use auth_layer::{Grant, SecretSource};
///
/// // With the defaults: the token that a cluster writes to a file for each workload.
/// let workload = SecretSource::from_file("/var/run/secrets/tokens/workload");
/// let grant: Grant = TokenExchange::new(workload.clone(), TokenTypeId::JWT).into();
///
/// // With an actor, and with the token type, audience and resource to request.
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

/// A token and its type. One is never sent without the other.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Party {
    token: SecretSource,
    token_type: TokenTypeId,
}

impl TokenExchange {
    /// Creates an exchange for a subject, from a token of the subject and its type.
    pub fn new(subject_token: impl Into<SecretSource>, subject_token_type: TokenTypeId) -> Self {
        Self {
            subject: Party { token: subject_token.into(), token_type: subject_token_type },
            actor: None,
            requested_token_type: None,
            resources: Vec::new(),
            audiences: Vec::new(),
        }
    }

    /// Adds the party that acts for the subject, with a token of that party and its type.
    #[must_use]
    pub fn with_actor(mut self, actor_token: impl Into<SecretSource>, actor_token_type: TokenTypeId) -> Self {
        self.actor = Some(Party { token: actor_token.into(), token_type: actor_token_type });
        self
    }

    /// Sets the type of the token to request. Without it the server decides. A layer can use every type only as a
    /// Bearer token.
    #[must_use]
    pub fn with_requested_token_type(mut self, token_type: TokenTypeId) -> Self {
        self.requested_token_type = Some(token_type);
        self
    }

    /// Adds a resource that the token is for. A request encoded as JSON can carry only one.
    #[must_use]
    pub fn with_resource(mut self, resource: Resource) -> Self {
        self.resources.push(resource);
        self
    }

    /// Adds an audience that the token is for, by the name that the issuer has for it. A request encoded as JSON can
    /// carry only one.
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

    /// Returns whether two parameters have the same name.
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
        // Sorted, because the order of resources and audiences does not count.
        open.sort();
        parties.chain(open).collect()
    }

    /// Returns the parameters that hold no token.
    fn open(&self) -> Vec<(&'static str, &str)> {
        let requested = self.requested_token_type.iter().map(|id| ("requested_token_type", id.as_str()));
        let resources = self.resources.iter().map(|resource| ("resource", resource.as_str()));
        let audiences = self.audiences.iter().map(|audience| ("audience", &**audience));
        requested.chain(resources).chain(audiences).collect()
    }
}
