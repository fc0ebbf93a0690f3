//! `CustomGrant`: a grant that only one provider has.

use std::borrow::Cow;

use crate::error::{ConfigError, Error};
use crate::secret::{Secret, SecretSource};

/// A grant that only one provider has (RFC 6749 section 4.5). [`Grant::custom`](crate::Grant::custom) creates it.
/// `Debug` shows no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomGrant {
    grant_type: Cow<'static, str>,
    parameters: Vec<(Cow<'static, str>, SecretSource)>,
}

impl CustomGrant {
    pub(crate) const fn new(
        grant_type: Cow<'static, str>,
        parameters: Vec<(Cow<'static, str>, SecretSource)>,
    ) -> Self {
        Self { grant_type, parameters }
    }

    /// Returns the `grant_type`.
    pub fn name(&self) -> &str {
        &self.grant_type
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let refuse = |problem| {
            Err(ConfigError::new(format!("grant type \"{}\"", self.grant_type.escape_default()), problem))
        };
        match &*self.grant_type {
            "" => return refuse("is empty"),
            "password" => return refuse("is not supported (RFC 9700 section 2.4); use another grant"),
            // A refresh token in a custom grant would be sent without its mark in the store.
            "client_credentials" | "refresh_token" => {
                return refuse("has its own variant of `Grant`; use that one");
            }
            "authorization_code" | "urn:ietf:params:oauth:grant-type:device_code" => {
                return refuse("is good for one exchange only; use `SignIn` to sign a person in");
            }
            _ => {}
        }
        self.parameters.iter().try_for_each(|(name, value)| {
            let what = format!("grant's parameter \"{}\"", name.escape_default());
            match name.is_empty() {
                true => Err(ConfigError::new(what, "has no name")),
                false => value.check(what),
            }
        })
    }

    pub(crate) fn parameter_names(&self) -> Vec<&str> {
        self.parameters.iter().map(|(name, _)| &**name).collect()
    }

    pub(crate) async fn parameters(&self, what: &'static str) -> Result<Vec<(&str, Secret)>, Error> {
        let mut parameters = Vec::with_capacity(self.parameters.len());
        for (name, value) in &self.parameters {
            parameters.push((&**name, value.read(what).await?));
        }
        Ok(parameters)
    }

    pub(crate) fn has_fixed_secrets(&self) -> bool {
        self.parameters.iter().all(|(_, value)| value.fixed().is_some())
    }

    pub(crate) fn identity(&self) -> Vec<String> {
        self.parameters.iter().map(|(name, value)| format!("{name}={}", value.identity())).collect()
    }
}
