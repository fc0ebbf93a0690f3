//! `SignIn`: a client of one provider that lets people sign in.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, SystemClock};
use crate::endpoint::{TokenEndpoint, Transport};
use crate::error::ConfigError;
use crate::profile::Profile;
use crate::secret::Credential;
use crate::token::Scope;

/// A client of one provider that lets people sign in.
#[derive(Debug)]
pub struct SignIn {
    pub(super) endpoint: TokenEndpoint,
    /// The scope of a sign-in that names none.
    pub(super) scope: Option<Scope>,
    pub(super) clock: Arc<dyn Clock>,
}

impl SignIn {
    /// Returns a builder for the client of `profile` that authenticates with `credential`.
    pub fn builder(profile: Profile, credential: Credential) -> SignInBuilder {
        SignInBuilder {
            profile,
            credential,
            transport: None,
            user_agent: None,
            clock: Arc::new(SystemClock::new()),
            timeout: TIMEOUT,
        }
    }

    /// Returns the profile of the provider.
    pub const fn profile(&self) -> &Profile {
        self.endpoint.profile()
    }
}

/// A builder of a [`SignIn`].
#[derive(Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct SignInBuilder {
    profile: Profile,
    credential: Credential,
    transport: Option<Transport>,
    user_agent: Option<String>,
    clock: Arc<dyn Clock>,
    timeout: Duration,
}

impl SignInBuilder {
    /// Sets the transport of the requests. The default is the one that
    /// [exchanges](crate::source::ExchangeBuilder::transport) share.
    pub fn transport(mut self, transport: Transport) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Sets the `User-Agent` of the requests, in place of the transport's ([`Transport::with_user_agent`]).
    ///
    /// If it is not a valid header value, [`build`](Self::build) returns [`ConfigError`].
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = Some(user_agent.into());
        self
    }

    /// Sets the clock. The default is [`SystemClock`].
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets how long one request may take, headers and body together. The default is 30 s.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Builds the [`SignIn`]. This sends nothing and needs no runtime.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if:
    ///
    /// - the client id or the client secret has no visible character;
    /// - the `User-Agent` is not a valid header value;
    /// - no transport is set, and the default transport cannot be built.
    pub fn build(self) -> Result<SignIn, ConfigError> {
        let transport = match self.transport {
            Some(transport) => transport,
            None => crate::leaf::default_transport()?,
        };
        let transport = match &self.user_agent {
            Some(user_agent) => transport.with_user_agent(user_agent)?,
            None => transport,
        };
        // The sign-in page gets the scope. The exchange of the code must not send it: it gets the scope that was
        // granted at the page (RFC 6749 section 4.1.3 has no such parameter).
        let mut profile = self.profile;
        let scope = profile.scope.take();
        let clock = self.clock.clone();
        let endpoint = TokenEndpoint::new(profile, self.credential, transport, clock, self.timeout)?;
        Ok(SignIn { endpoint, scope, clock: self.clock })
    }
}

/// The same default as that of an exchange.
const TIMEOUT: Duration = Duration::from_secs(30);
