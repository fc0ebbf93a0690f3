//! The API that a profile's tokens are for: its origins, the header with the token, rejections and rate limits.

use std::borrow::Cow;

use http::HeaderName;

use super::api_header::ApiHeader;
use super::origin::{Origin, Origins};
use super::origin_from::OriginFrom;
use super::profile::Profile;
use super::rate_limit::RateLimit;
use super::rejection::BodySign;
use crate::error::ConfigError;

impl Profile {
    /// Adds a sign of a rejected token, beside status 401. [`BodySign`] explains which bodies are read for it, and what
    /// this costs.
    #[must_use]
    pub fn with_rejection(mut self, sign: BodySign) -> Self {
        self.facts_mut().signs.push(sign);
        self
    }

    /// Treats a 401 as a rejected token only if it has a `Bearer` challenge, or no challenge that can be read.
    ///
    /// By default, a 401 with challenges of other schemes only (`Basic`, `Token`, `Negotiate`) is a rejection as well,
    /// since many APIs do not name the scheme that they want. Set this for an API whose 401 with another scheme's
    /// challenge does not concern the token.
    #[must_use]
    pub fn with_bearer_challenges_only(mut self) -> Self {
        self.facts_mut().other_schemes_reject = false;
        self
    }

    /// Adds the origin of an absolute URL to the origins that tokens may be sent to.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] for the reasons of [`Origin::of`].
    pub fn with_origin(mut self, url: &str) -> Result<Self, ConfigError> {
        let origin: Origin = url.parse()?;
        self.facts_mut().origins = self.facts.origins.iter().cloned().chain([origin]).collect();
        Ok(self)
    }

    /// Replaces the origins that tokens may be sent to.
    #[must_use]
    pub fn with_origins(mut self, origins: Origins) -> Self {
        self.facts_mut().origins = origins;
        self
    }

    /// Adds a published rate limit.
    #[must_use]
    pub fn with_rate_limit(mut self, limit: RateLimit) -> Self {
        self.facts_mut().rate_limits.push(limit);
        self
    }

    /// Returns the origins that tokens may be sent to.
    pub fn origins(&self) -> &Origins {
        &self.facts.origins
    }

    /// Returns the published rate limits.
    pub fn rate_limits(&self) -> &[RateLimit] {
        &self.facts.rate_limits
    }

    /// Accepts the origin that a token answer names, for a provider whose API has another host for each customer.
    ///
    /// `member` is the member of the answer with the URL. The token is sent to that origin only if it has https and its
    /// host is one of the domains in `below`, or below one. Without this limit, an answer could send the token
    /// anywhere.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if `member` is empty, if `below` is empty, or if an item of it is not a domain with at
    /// least two labels.
    pub fn with_origin_from<S: AsRef<str>>(
        mut self,
        member: impl Into<Cow<'static, str>>,
        below: impl IntoIterator<Item = S>,
    ) -> Result<Self, ConfigError> {
        self.facts_mut().origin_from = Some(OriginFrom::new(member, below)?);
        Ok(self)
    }

    /// Sets the header of API calls that carries the token, and the text before the token. The default is
    /// `Authorization` with `Bearer ` (RFC 6750 section 2.1).
    ///
    /// An HTTP client that follows redirects by itself removes `Authorization` for another host, but not this header.
    /// So redirects must be off in the client below the layer.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if `name` is not a valid header name, or if `prefix` has a character that is not visible
    /// ASCII or a space.
    pub fn with_api_header(
        mut self,
        name: &str,
        prefix: impl Into<Cow<'static, str>>,
    ) -> Result<Self, ConfigError> {
        self.facts_mut().api_header = ApiHeader::new(name, prefix)?;
        Ok(self)
    }

    /// Returns the header of API calls that carries the token, and the text before the token.
    pub fn api_header(&self) -> (&HeaderName, &str) {
        (self.facts.api_header.name(), self.facts.api_header.prefix())
    }

    /// Adds the names of the headers in which the API says how many calls remain and when the count is reset. The names
    /// of draft-ietf-httpapi-ratelimit-headers-06 are always read.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if a name is not a valid header name.
    pub fn with_rate_limit_headers(mut self, remaining: &str, reset: &str) -> Result<Self, ConfigError> {
        let header = |name: &str| {
            let what = format!("rate limit header {}", name.escape_debug());
            let problem = "is not a valid header name (RFC 9110 section 5.1)";
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| ConfigError::new(what, problem))
        };
        let names = (header(remaining)?, header(reset)?);
        self.facts_mut().rate_limit_headers.push(names);
        Ok(self)
    }
}
