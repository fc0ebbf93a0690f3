//! One issue of a token, and how old it is. Pure: no I/O, no locks.

use std::time::Duration;

use crate::clock::Now;
use crate::token::{AccessToken, Generation, Scope};

/// The current token, as a manager hands it out.
///
/// ```
/// # async fn show(manager: auth_layer::TokenManager) -> Result<(), auth_layer::Error> {
/// let token = manager.token().await?;
/// let value = token.access_token().header();
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Token {
    pub(super) token: AccessToken,
    pub(super) generation: Generation,
    pub(super) scope: Option<Scope>,
    /// From here on it is renewed.
    pub(super) soft: Now,
    /// From here on it is dead.
    pub(super) hard: Now,
}

impl Token {
    /// The token itself.
    pub const fn access_token(&self) -> &AccessToken {
        &self.token
    }

    /// Which issue of the manager's token this is.
    pub const fn generation(&self) -> Generation {
        self.generation
    }

    /// The scope that was granted; `None` means "as asked".
    pub const fn scope(&self) -> Option<&Scope> {
        self.scope.as_ref()
    }

    /// When it ends, since the Unix epoch.
    pub const fn expires(&self) -> Duration {
        self.hard.wall()
    }

    pub(super) const fn age(&self, now: Now) -> Age {
        if now.reached(self.hard) {
            Age::Expired
        } else if now.reached(self.soft) {
            Age::Stale
        } else {
            Age::Fresh
        }
    }
}

/// What may be done with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    /// Use it.
    Fresh,
    /// Use it, and renew it.
    Stale,
    /// It cannot be used.
    Expired,
}
