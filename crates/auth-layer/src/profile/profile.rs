//! `Profile`: the facts about one provider, shared by its clones.

use std::borrow::Cow;
use std::sync::Arc;

use http::Uri;

use super::answer::{Need, check};
use super::facts::{Facts, Parameters};
use crate::error::ConfigError;
use crate::token::Scope;
use crate::url::endpoint_url;

/// The facts about a provider: its token endpoint, the shape of its answers, the origins that may get its tokens, and
/// the signs of a rejected token.
///
/// A new profile follows RFC 6749: form bodies, a Basic header, the standard names, and no defaults for missing
/// members.
///
/// ```
/// use auth_layer::Profile;
///
/// let profile = Profile::new("example", "https://auth.example.com/token")?
///     .with_origin("https://api.example.com")?;
/// # Ok::<(), auth_layer::ConfigError>(())
/// ```
///
/// A profile is cheap to clone: clones share their facts until one of them is changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    pub(super) facts: Arc<Facts>,
    // These differ between the identities of one provider. They are outside of the shared facts, so that a profile for
    // an identity does not copy those.
    pub(crate) parameters: Parameters,
    pub(crate) scope: Option<Scope>,
}

impl Profile {
    /// Makes a profile of a provider that follows RFC 6749.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if `token_url` is not a valid URL, has a fragment (RFC 6749 section 3.2), names a user,
    /// or is neither https nor loopback (RFC 6749 section 2.3.1).
    pub fn new(name: impl Into<Cow<'static, str>>, token_url: &str) -> Result<Self, ConfigError> {
        endpoint_url("token URL", token_url).map(|uri| Self::at(name.into(), uri))
    }

    /// Makes a profile from a URL that is known to be valid.
    pub(super) fn at(name: Cow<'static, str>, token_url: Uri) -> Self {
        Self { facts: Arc::new(Facts::new(name, token_url)), parameters: Parameters::new(), scope: None }
    }

    /// Returns the facts that all identities of the provider share.
    pub(crate) fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Returns the facts for a change. The clones of this profile keep the old facts.
    pub(super) fn facts_mut(&mut self) -> &mut Facts {
        // Copies the facts only if another profile shares them.
        Arc::make_mut(&mut self.facts)
    }

    /// Returns the provider's name.
    pub fn name(&self) -> &str {
        &self.facts.name
    }

    /// Returns the URL of the token endpoint.
    pub fn token_url(&self) -> &Uri {
        self.facts.token_url.uri()
    }

    /// Returns an error if no answer of this provider could ever be read.
    pub(crate) fn check_names(&self) -> Result<(), ConfigError> {
        self.facts.names.check(self.facts.default_token_type.as_deref())?;
        check("kept member", "the answer", &self.facts.keep, Need::Optional)?;
        if let Some(rule) = &self.facts.origin_from {
            check("origin_from", "the answer", rule.member(), Need::Required)?;
        }
        if self.facts.grant_type.as_deref() == Some("") {
            return Err(ConfigError::new("grant_type", "must not be empty; remove it"));
        }
        self.facts.people.device_names.check()
    }
}
