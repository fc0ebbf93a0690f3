//! The earlier token URLs of a provider. Sign-ins from there are still used.

use super::profile::Profile;
use super::token_url::TokenUrl;
use crate::error::{ConfigError, Error, ErrorKind};

impl Profile {
    /// Adds an earlier token URL of the provider. A sign-in whose tokens came from there is used at the profile's
    /// [token URL](Self::token_url) from now on.
    ///
    /// A refresh token may be sent only to its issuer (RFC 6749 section 10.4). Add a URL only if the provider itself
    /// has moved away from it. [`with_published_token_url`](Self::with_published_token_url) is for a provider that has
    /// several at once.
    ///
    /// ```
    /// use auth_layer::Profile;
    ///
    /// let moved = Profile::new("example", "https://identity.example.com/token")?
    ///     .with_moved_from("https://auth.example.com/oauth/token")?;
    /// assert!(moved.takes_sign_ins_from(&"https://auth.example.com/oauth/token".parse()?));
    /// # Ok::<(), auth_layer::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Profile::new`].
    pub fn with_moved_from(mut self, token_url: &str) -> Result<Self, ConfigError> {
        self.facts_mut().moved_from.push(token_url.parse()?);
        Ok(self)
    }

    /// Returns the other token URLs whose sign-ins are used with this profile: those of
    /// [`with_moved_from`](Self::with_moved_from), and those that the provider has published.
    ///
    /// The published URLs are included only if the profile's token URL is one of them. A profile with another token
    /// URL, such as that of an emulator, never gets the refresh tokens of the real provider.
    pub fn moved_from(&self) -> impl Iterator<Item = &TokenUrl> {
        let is_published = self.facts.published.iter().any(|url| url.is_at(self.token_url()));
        let published = if is_published { &self.facts.published[..] } else { &[] };
        published.iter().chain(&self.facts.moved_from)
    }

    /// Returns whether a sign-in whose tokens came from `url` may be used with this profile: `url` is the profile's
    /// token URL or one of [`moved_from`](Self::moved_from).
    pub fn takes_sign_ins_from(&self, url: &TokenUrl) -> bool {
        url.is_at(self.token_url()) || self.moved_from().any(|earlier| earlier == url)
    }

    /// Adds a token URL that the provider has published. A sign-in from one of the published URLs is used at another,
    /// but only if the profile's own token URL is one of them.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Profile::new`].
    pub fn with_published_token_url(mut self, token_url: &str) -> Result<Self, ConfigError> {
        self.facts_mut().published.push(token_url.parse()?);
        Ok(self)
    }

    /// Returns an error if a sign-in came from another issuer. `how` is the application's hint on how to sign in.
    pub(crate) fn check_sign_in_from(&self, url: Option<&TokenUrl>, how: Option<&str>) -> Result<(), Error> {
        let Some(theirs) = url.filter(|url| !self.takes_sign_ins_from(url)) else { return Ok(()) };
        let own = TokenUrl::at(self.token_url().clone());
        // `Display` leaves out the query, which may hold a secret. Two URLs that look equal then differ in the query.
        let query = if own.to_string() == theirs.to_string() { "; the two differ in the query" } else { "" };
        let message = format!(
            "the stored sign-in is from the token URL {theirs}, but the profile \"{}\" has the token URL {own}{query}; \
             nothing was sent",
            self.name()
        );
        let how = how.map_or_else(String::new, |how| format!(" ({how})"));
        let remedy = format!(
            "sign in again at {own}{how}; or, if the provider has moved, add {theirs} to the profile's moved_from; or, \
             if these are two tenants, give each of them a subject or a provider name of its own"
        );
        Err(Error::new(ErrorKind::TokenUrl, message).with_remedy(Some(remedy)))
    }
}
