//! `StaticToken`: a token that never changes.

use std::time::Duration;

use async_trait::async_trait;

use super::token_source::{IssuedToken, TokenRequest, TokenSource};
use crate::clock::{Clock, SystemClock};
use crate::error::Error;
use crate::token::AccessToken;

/// A source with one token that never changes, for tests and for scripts that got a token from elsewhere.
///
/// ```
/// use auth_layer::{AccessToken, StaticToken, TokenManager};
///
/// let manager = TokenManager::new(StaticToken::new(AccessToken::new("abc")?));
/// # Ok::<(), auth_layer::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct StaticToken(AccessToken);

impl StaticToken {
    /// Creates a source that always returns this token.
    pub const fn new(token: AccessToken) -> Self {
        Self(token)
    }
}

#[async_trait]
impl TokenSource for StaticToken {
    async fn token(&self, _request: &TokenRequest) -> Result<IssuedToken, Error> {
        Ok(IssuedToken::new(self.0.clone(), SystemClock::new().now(), A_YEAR))
    }
}

/// The real expiry is unknown. An exchange, too, trusts no token for longer than a year.
const A_YEAR: Duration = Duration::from_secs(365 * 86_400);
