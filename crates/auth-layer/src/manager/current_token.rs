//! `Token`: a token that was issued, and its age. Pure: no I/O, no locks.

use std::time::Duration;

use crate::clock::Now;
use crate::profile::Origin;
use crate::token::{AccessToken, Generation, Kept, Scope};

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
    /// The version under which it was published. A source may issue the same token twice: it then has one generation
    /// and two versions.
    pub(super) version: u64,
    pub(super) scope: Option<Scope>,
    pub(super) kept: Kept,
    pub(super) origin: Option<Origin>,
    /// From this moment on it is stale: it is still used, and renewed.
    pub(super) renew_from: Now,
    /// From this moment on it is not used.
    pub(super) expires_at: Now,
}

impl Token {
    /// Returns the token itself.
    pub const fn access_token(&self) -> &AccessToken {
        &self.token
    }

    /// Returns the number of this token among those that its manager has issued.
    pub const fn generation(&self) -> Generation {
        self.generation
    }

    /// Returns the scope that was granted. `None` means the scope that was requested.
    pub const fn scope(&self) -> Option<&Scope> {
        self.scope.as_ref()
    }

    /// Returns a member of the token answer, or a parameter of the sign-in's callback, that the profile keeps
    /// ([`Profile::with_kept`](crate::Profile::with_kept)).
    pub fn kept(&self, name: &str) -> Option<&str> {
        self.kept.get(name).map(String::as_str)
    }

    /// Returns everything that is kept beside the token: names and values.
    pub fn all_kept(&self) -> impl Iterator<Item = (&str, &str)> {
        self.kept.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the origin of the API that the issuer named for this token
    /// ([`Profile::with_origin_from`](crate::Profile::with_origin_from)).
    pub const fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// Returns when the token expires, as the time since the Unix epoch.
    pub const fn expires(&self) -> Duration {
        self.expires_at.wall()
    }

    /// Returns the age of the token. The clock that is further ahead decides.
    pub(super) const fn age(&self, now: Now) -> Age {
        if now.reached(self.expires_at) {
            Age::Expired
        } else if now.reached(self.renew_from) {
            Age::Stale
        } else {
            Age::Fresh
        }
    }
}

/// How a token may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    /// It is used.
    Fresh,
    /// It is used and renewed.
    Stale,
    /// It is not used.
    Expired,
}

/// A token with less time left may expire before the request that carries it arrives. A server that counts in whole
/// milliseconds or seconds may also see it expire a little earlier than this client does.
pub(super) const WORTH_USING: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a reading of both clocks, in seconds since a token was issued.
    fn at(monotonic: u64, wall: u64) -> Now {
        let (start, epoch) = (Duration::from_secs(1_000), Duration::from_secs(1_700_000_000));
        Now::new(start + Duration::from_secs(monotonic), epoch + Duration::from_secs(wall))
    }

    fn token() -> Token {
        let token = AccessToken::new("abc").unwrap();
        Token {
            token,
            generation: Generation(1),
            version: 1,
            scope: None,
            kept: Kept::new(),
            origin: None,
            renew_from: at(80, 80),
            expires_at: at(100, 100),
        }
    }

    #[track_caller]
    fn age(monotonic: u64, wall: u64, expected: Age) {
        assert_eq!(token().age(at(monotonic, wall)), expected, "{monotonic} s and {wall} s");
    }

    #[test]
    fn a_token_turns_stale_and_then_expires() {
        age(0, 0, Age::Fresh);
        age(79, 79, Age::Fresh);
        age(80, 80, Age::Stale);
        age(99, 99, Age::Stale);
        age(100, 100, Age::Expired);
        age(1_000, 1_000, Age::Expired);
    }

    #[test]
    fn the_clock_that_is_ahead_decides() {
        // The machine slept, or the wall clock was set forward.
        age(10, 79, Age::Fresh);
        age(10, 80, Age::Stale);
        age(10, 100, Age::Expired);
        // The wall clock was set back.
        age(80, 10, Age::Stale);
        age(100, 10, Age::Expired);
        assert_eq!(token().age(Now::new(Duration::from_secs(1_010), Duration::ZERO)), Age::Fresh);
    }

    #[test]
    fn a_token_without_a_stale_time_is_fresh_to_its_end() {
        let token = Token { renew_from: at(100, 100), ..token() };
        assert_eq!(token.age(at(99, 99)), Age::Fresh);
        assert_eq!(token.age(at(100, 100)), Age::Expired);
    }
}
