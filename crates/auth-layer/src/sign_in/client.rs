//! `SignIn`: one client at one provider, for which people sign in.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, SystemClock};
use crate::config_error::ConfigError;
use crate::credential::Credential;
use crate::endpoint::{TokenEndpoint, Transport};
use crate::profile::Profile;
use crate::token::Scope;

/// One client at one provider, for which people sign in.
///
/// ```no_run
/// use auth_layer::{Credential, Profile, SignIn};
///
/// let sign_in = SignIn::builder(Profile::goto(), Credential::new("client-id", "client-secret")).build()?;
/// # Ok::<(), auth_layer::ConfigError>(())
/// ```
#[derive(Debug)]
pub struct SignIn {
    pub(super) endpoint: TokenEndpoint,
    /// What is asked for where nothing else is said.
    pub(super) scope: Option<Scope>,
    pub(super) clock: Arc<dyn Clock>,
}

impl SignIn {
    /// Describes a client: where, and who it is.
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

    /// The provider.
    pub const fn profile(&self) -> &Profile {
        self.endpoint.profile()
    }
}

/// Makes a [`SignIn`].
///
/// ```no_run
/// use auth_layer::{Credential, Profile, SignIn};
/// use std::time::Duration;
///
/// let sign_in = SignIn::builder(Profile::goto(), Credential::new("client-id", "client-secret"))
///     .timeout(Duration::from_secs(10))
///     .build()?;
/// # Ok::<(), auth_layer::ConfigError>(())
/// ```
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
    /// The transport of the requests. The default is the one that [exchanges](crate::ExchangeBuilder::transport) share.
    pub fn transport(mut self, transport: Transport) -> Self {
        self.transport = Some(transport);
        self
    }

    /// The `User-Agent` of the requests, in place of the transport's
    /// ([`Transport::with_user_agent`]). An invalid one is a [`ConfigError`] when the sign-in is built.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = Some(user_agent.into());
        self
    }

    /// Where the time comes from.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// How long one request may take, headers and body together. 30 s unless set.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Makes it. Nothing is sent, and no runtime is needed.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for an id or a secret without a visible character, for a `User-Agent` that is not a valid header
    /// value, and where there is no transport.
    pub fn build(self) -> Result<SignIn, ConfigError> {
        let transport = match self.transport {
            Some(transport) => transport,
            None => crate::leaf::default_transport()?,
        };
        let transport = match &self.user_agent {
            Some(user_agent) => transport.with_user_agent(user_agent)?,
            None => transport,
        };
        // The scope is asked for at the sign-in page; the exchange of its code is for what was granted there.
        let mut profile = self.profile;
        let scope = profile.scope.take();
        let clock = self.clock.clone();
        let endpoint = TokenEndpoint::new(profile, self.credential, transport, clock, self.timeout)?;
        Ok(SignIn { endpoint, scope, clock: self.clock })
    }
}

const TIMEOUT: Duration = Duration::from_secs(30);
