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
    /// Which landing brought it: the same token may land more than once.
    pub(super) landing: u64,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A reading of both clocks, in seconds since a token was issued.
    fn at(monotonic: u64, wall: u64) -> Now {
        let (start, epoch) = (Duration::from_secs(1_000), Duration::from_secs(1_700_000_000));
        Now::new(start + Duration::from_secs(monotonic), epoch + Duration::from_secs(wall))
    }

    fn token() -> Token {
        let token = AccessToken::new("abc").unwrap();
        Token {
            token,
            generation: Generation(1),
            landing: 1,
            scope: None,
            soft: at(80, 80),
            hard: at(100, 100),
        }
    }

    #[track_caller]
    fn age(monotonic: u64, wall: u64, expected: Age) {
        assert_eq!(token().age(at(monotonic, wall)), expected, "{monotonic} s and {wall} s");
    }

    #[test]
    fn a_token_ages_at_its_soft_and_its_hard_point() {
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
    fn a_life_without_a_soft_point_is_fresh_to_its_end() {
        let token = Token { soft: at(100, 100), ..token() };
        assert_eq!(token.age(at(99, 99)), Age::Fresh);
        assert_eq!(token.age(at(100, 100)), Age::Expired);
    }
}
