//! `TokenManagerBuilder`: the options of a manager.

use std::sync::Arc;
use std::time::Duration;

use super::keeper::Keeper;
use super::renewal::Renewal;
use super::sign_in_listener::SignInListener;
use super::token_manager::TokenManager;
use crate::clock::{Clock, SystemClock};
use crate::error::Error;
use crate::source::TokenSource;

/// A builder for a [`TokenManager`].
///
/// ```
/// use auth_layer::{AccessToken, StaticToken, TokenManager};
/// use std::time::Duration;
///
/// let manager = TokenManager::builder(StaticToken::new(AccessToken::new("abc")?))
///     .renew_early(Duration::from_secs(60))
///     .build();
/// # Ok::<(), auth_layer::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct TokenManagerBuilder {
    source: Box<dyn TokenSource>,
    clock: Arc<dyn Clock>,
    renewal: Renewal,
    rng: fastrand::Rng,
    sign_in_listener: SignInListener,
}

impl TokenManager {
    /// Returns a manager for the token of a source. It uses the system's clock.
    pub fn new(source: impl TokenSource) -> Self {
        Self::builder(source).build()
    }

    /// Returns a builder with options.
    pub fn builder(source: impl TokenSource) -> TokenManagerBuilder {
        TokenManagerBuilder::new(source)
    }
}

impl TokenManagerBuilder {
    pub(super) fn new(source: impl TokenSource) -> Self {
        Self {
            source: Box::new(source),
            clock: Arc::new(SystemClock::new()),
            renewal: Renewal::default(),
            rng: fastrand::Rng::new(),
            sign_in_listener: SignInListener::default(),
        }
    }

    /// Sets the clock. Give the source the same clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets how long before its expiry a token is renewed: 5 minutes unless set, and never more than a fifth of its
    /// lifetime. A random part of the margin, up to a fifth, is taken off, so that a fleet does not renew at the same
    /// moment.
    pub const fn renew_early(mut self, margin: Duration) -> Self {
        self.renewal = Renewal { margin };
        self
    }

    /// Seeds the random numbers behind all jitter, for repeatable tests.
    pub fn jitter_seed(mut self, seed: u64) -> Self {
        self.rng = fastrand::Rng::with_seed(seed);
        self
    }

    /// Sets a function that is called when the grant has ended and a person has to sign in again
    /// ([`ErrorKind::SignInAgain`](crate::ErrorKind::SignInAgain)). It is called once, and again only after there was a
    /// token in between.
    ///
    /// The function runs on the task of the token request, so it must be quick: send a message, count a metric. A panic
    /// in it is caught.
    ///
    /// ```
    /// # use auth_layer::{AccessToken, StaticToken};
    /// use auth_layer::TokenManager;
    ///
    /// # let source = StaticToken::new(AccessToken::new("abc")?);
    /// let manager = TokenManager::builder(source)
    ///     .on_sign_in_needed(|error| eprintln!("{error}"))
    ///     .build();
    /// # Ok::<(), auth_layer::Error>(())
    /// ```
    pub fn on_sign_in_needed(mut self, listener: impl Fn(&Error) + Send + Sync + 'static) -> Self {
        self.sign_in_listener = SignInListener::new(listener);
        self
    }

    /// Returns the manager. Nothing is sent, and no runtime is needed.
    pub fn build(self) -> TokenManager {
        let keeper = Keeper::new(self.source, self.clock, self.renewal, self.rng, self.sign_in_listener);
        TokenManager::of(keeper)
    }
}
