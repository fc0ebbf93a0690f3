//! GoTo's refresh token: one is good at a time, for thirty days.

use std::fmt;
use std::time::{Duration, SystemTime};

use crate::random::Random;
use crate::switches::RefreshTokenMode;

/// A refresh token is good for this long.
const LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// In the last day of its life it is replaced unasked.
const REPLACED_AFTER: Duration = Duration::from_secs(29 * 24 * 60 * 60);

/// GoTo's tokens are several kilobytes long; documents speak of up to 4096 characters.
pub(crate) const GOTO_TOKEN_LENGTH: usize = 3600;

pub(crate) struct RefreshTokens {
    current: Option<(String, SystemTime)>,
}

impl RefreshTokens {
    pub(crate) fn new(value: String, now: SystemTime) -> Self {
        Self { current: Some((value, now)) }
    }

    pub(crate) fn current(&self) -> Option<&str> {
        self.current.as_ref().map(|(value, _)| value.as_str())
    }

    /// Puts a new token in the place of the old one, as a new sign-in or a rotation does.
    pub(crate) fn replace(&mut self, random: &mut Random, now: SystemTime) -> String {
        let value = random.token(GOTO_TOKEN_LENGTH);
        self.current = Some((value.clone(), now));
        value
    }

    pub(crate) fn revoke(&mut self) {
        self.current = None;
    }

    /// Takes a refresh token and says what the answer holds, or `None` when the token is no good.
    pub(crate) fn redeem(
        &mut self,
        value: &str,
        mode: RefreshTokenMode,
        random: &mut Random,
        now: SystemTime,
    ) -> Option<Redeemed> {
        let (current, since) = self.current.as_ref()?;
        let age = now.duration_since(*since).unwrap_or_default();
        if current != value || age >= LIFETIME {
            return None;
        }
        if mode == RefreshTokenMode::Rotate || age >= REPLACED_AFTER {
            return Some(Redeemed::Rotated(self.replace(random, now)));
        }
        Some(match mode {
            RefreshTokenMode::Absent => Redeemed::Silent,
            _ => Redeemed::Same(current.clone()),
        })
    }
}

impl fmt::Debug for RefreshTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshTokens").finish_non_exhaustive()
    }
}

/// What the answer to a refresh holds.
pub(crate) enum Redeemed {
    Same(String),
    Silent,
    Rotated(String),
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{LIFETIME, REPLACED_AFTER, Redeemed, RefreshTokens};
    use crate::random::Random;
    use crate::switches::RefreshTokenMode::{Rotate, Same};

    #[test]
    fn a_token_is_replaced_in_its_last_day_and_dies_after_it() {
        let start = SystemTime::UNIX_EPOCH;
        let mut random = Random::new(1);
        let mut tokens = RefreshTokens::new("first".to_owned(), start);
        let early = start + REPLACED_AFTER - Duration::from_secs(1);
        let same = tokens.redeem("first", Same, &mut random, early);
        assert!(matches!(same, Some(Redeemed::Same(_))));
        assert!(tokens.redeem("first", Same, &mut random, start + LIFETIME).is_none());
        let due = tokens.redeem("first", Same, &mut random, start + REPLACED_AFTER);
        assert!(matches!(due, Some(Redeemed::Rotated(_))));
        assert!(tokens.redeem("first", Same, &mut random, start).is_none());
    }

    #[test]
    fn a_rotated_token_is_dead() {
        let start = SystemTime::UNIX_EPOCH;
        let mut random = Random::new(1);
        let mut tokens = RefreshTokens::new("first".to_owned(), start);
        assert!(tokens.redeem("first", Rotate, &mut random, start).is_some());
        assert!(tokens.redeem("first", Rotate, &mut random, start).is_none());
    }
}
